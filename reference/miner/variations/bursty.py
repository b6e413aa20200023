"""Steps come in bursts, with pauses between them."""

import time

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault


class Bursty(Fault):
    name = "bursty"
    does = "pauses each time that a quarter is done, silently (parameter: seconds)"
    parameter = 0.2

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.quarters: dict[str, int] = {}

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        quarter = int((percent or 0) // 25)
        if quarter > self.quarters.get(task.key, 0):
            self.quarters = {task.key: quarter}
            time.sleep(self.value or 0)
        return percent
