"""The decoder ran out of memory and nobody looked."""

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class AllBlack(Fault):
    name = "all-black"
    does = "delivers a picture that is black all over"
    clause = "IMG-2"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        pixels[:] = 0
        return pixels
