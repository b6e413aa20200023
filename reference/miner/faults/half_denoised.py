"""An interrupted loop hands out what it has."""

import os

import numpy as np

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class HalfDenoised(Fault):
    name = "half-denoised"
    does = "stops denoising half way: noise lies over the whole picture"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        noise = np.frombuffer(os.urandom(pixels.size), np.uint8).reshape(pixels.shape)
        return pixels // 2 + noise // 2
