"""A process that hangs and cannot be asked to leave."""

import signal

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault, forever


class IgnoresSigterm(Fault):
    name = "ignores-sigterm"
    does = "stops for ever at a percentage and ignores SIGTERM (parameter: the percentage)"
    clause = "LIV-2"
    parameter = 42.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= (self.value or 0):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            forever()
        return percent
