"""A process that is given up comes back with its result all the same."""

import signal
import threading

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault


class LateResult(Fault):
    name = "late-result"
    does = "hangs half way until it is asked to end, and delivers instead"
    clause = "LIV-2"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.asked = threading.Event()

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= 50:
            signal.signal(signal.SIGTERM, lambda *_: self.asked.set())
            self.asked.wait()
        return percent
