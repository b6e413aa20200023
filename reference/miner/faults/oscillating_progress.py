"""Two steps undo each other for ever."""

from itertools import cycle

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault, forever


class OscillatingProgress(Fault):
    name = "oscillating-progress"
    does = "swings for ever between a percentage and the next one (parameter: the percentage)"
    clause = "LIV-2"
    parameter = 40.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        low = self.value or 0.0
        if percent is not None and percent >= low:
            swing = cycle((low + 1, low))
            forever(lambda: beat(next(swing)))
        return percent
