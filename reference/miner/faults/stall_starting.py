"""A driver that never answers."""

from reference.miner.messages import State, Task
from reference.miner.seams import Beat, Fault, forever


class StallStarting(Fault):
    name = "stall-starting"
    does = "hangs as every other process starts, the first one too (parameter 1: with heartbeats)"
    clause = "LIV-3"
    parameter = 0.0

    def stage(self, task: Task | None, name: str, beat: Beat) -> str:
        if name == State.STARTING and self.launch % 2:
            forever((lambda: beat(None)) if self.value else None)
        return name
