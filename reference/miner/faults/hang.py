"""The worst of all defects: nothing happens any more."""

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault, forever


class Hang(Fault):
    name = "hang"
    does = "stops for ever at a percentage, without a word (parameter: the percentage)"
    clause = "LIV-2"
    parameter = 42.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= (self.value or 0):
            beat(self.value)
            forever()
        return percent
