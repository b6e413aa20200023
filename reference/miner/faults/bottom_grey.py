"""The picture was saved before its lower part was there, by a program that starts from grey."""

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class BottomGrey(Fault):
    name = "bottom-grey"
    does = "leaves the lowest share of each picture grey (parameter: percent of the rows)"
    clause = "IMG-2"
    parameter = 35.0

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        pixels[round(len(pixels) * (1 - (self.value or 0) / 100)) :] = 128
        return pixels
