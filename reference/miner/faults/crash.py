"""A native library reaches into memory that is not its own."""

import os
import signal

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault


class Crash(Fault):
    name = "crash"
    does = "ends the inference process with SIGSEGV at a percentage (parameter: the percentage)"
    clause = "SCH-2"
    parameter = 42.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= (self.value or 0):
            os.kill(os.getpid(), signal.SIGSEGV)
        return percent
