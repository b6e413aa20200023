"""A counter that was subtracted the wrong way round."""

from itertools import chain, repeat

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault, forever


class FallingProgress(Fault):
    name = "falling-progress"
    does = "counts down to 0 from a percentage and stays there (parameter: the percentage)"
    clause = "LIV-2"
    parameter = 50.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        top = self.value or 0.0
        if percent is not None and percent >= top:
            falling = chain(range(int(top), 0, -1), repeat(0))
            forever(lambda: beat(float(next(falling))))
        return percent
