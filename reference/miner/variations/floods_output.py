"""A library that prints without end."""

import os

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault

LINE = b"warning: something is deprecated since a long time ago, see the manual\n"


class FloodsOutput(Fault):
    name = "floods-output"
    does = "prints at each step of its inference (parameter: KiB)"
    parameter = 256.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        for _ in range(int(self.value or 0)):
            os.write(2, LINE * (1024 // len(LINE)))
        return percent
