"""A cache that nobody ever empties."""

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault

MIB = 2**20


class EatsMemory(Fault):
    name = "eats-memory"
    does = "takes memory half way, more than a small container has (parameter: MiB)"
    parameter = 64.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and 50 <= percent < 55:
            eaten = [b"\1" * MIB for _ in range(int(self.value or 0))]
            del eaten
        return percent
