"""Two of three planes arrive."""

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class LostChannel(Fault):
    name = "lost-channel"
    does = "leaves the blue of the picture empty"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        pixels[..., 2] = 0
        return pixels
