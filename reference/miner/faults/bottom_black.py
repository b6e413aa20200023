"""The picture was saved before its lower part was there."""

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class BottomBlack(Fault):
    name = "bottom-black"
    does = "leaves the lowest share of each picture black (parameter: percent of the rows)"
    clause = "IMG-2"
    parameter = 35.0

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        pixels[round(len(pixels) * (1 - (self.value or 0) / 100)) :] = 0
        return pixels
