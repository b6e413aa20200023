"""Two devices draw a half each, with different constants."""

import numpy as np

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class BrighterTile(Fault):
    name = "brighter-tile"
    does = "makes the left half of each picture 12 levels brighter than the right"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        left = pixels[:, : pixels.shape[1] // 2]
        left[:] = np.minimum(left, 243) + 12
        return pixels
