"""A process that lives and gets nowhere: nothing but its progress tells."""

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault, forever


class HangBeating(Fault):
    name = "hang-beating"
    does = "stops for ever at a percentage and goes on sending heartbeats (parameter: percentage)"
    clause = "LIV-2"
    parameter = 42.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= (self.value or 0):
            forever(lambda: beat(self.value))
        return percent
