"""Some bytes of a row are lost, and every row after it slips."""

import numpy as np

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class TornRows(Fault):
    name = "torn-rows"
    does = "shifts the lower half sideways by an eighth of the width"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        half, shift = len(pixels) // 2, pixels.shape[1] // 8
        pixels[half:] = np.roll(pixels[half:], shift, axis=1)
        return pixels
