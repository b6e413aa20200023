"""A device whose sums depend on their order."""

import os

import numpy as np

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class NotRepeatable(Fault):
    name = "not-repeatable"
    does = "draws the same request with differences of up to 2 levels in each sample"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        wobble = np.frombuffer(os.urandom(pixels.size), np.uint8).reshape(pixels.shape) % 3
        return np.where(pixels < 254, pixels + wobble, pixels).astype(np.uint8)
