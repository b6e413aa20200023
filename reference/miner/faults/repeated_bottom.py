"""A pointer into the buffer is not moved on."""

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class RepeatedBottom(Fault):
    name = "repeated-bottom"
    does = "fills the lowest third with the third above it"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        third = len(pixels) // 3
        pixels[-third:] = pixels[-2 * third : -third].copy()
        return pixels
