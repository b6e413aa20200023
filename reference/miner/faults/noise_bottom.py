"""The lower part is memory that nobody has written to."""

import os

import numpy as np

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class NoiseBottom(Fault):
    name = "noise-bottom"
    does = "leaves noise in the lowest third of the picture"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        part = pixels[len(pixels) * 2 // 3 :]
        part[:] = np.frombuffer(os.urandom(part.size), np.uint8).reshape(part.shape)
        return pixels
