"""A model file on a disk that does not answer."""

from reference.miner.messages import State, Task
from reference.miner.seams import Beat, Fault, forever


class StallPreloading(Fault):
    name = "stall-preloading"
    does = "hangs as every other process loads its model, the first one too (1: with heartbeats)"
    clause = "LIV-3"
    parameter = 0.0

    def stage(self, task: Task | None, name: str, beat: Beat) -> str:
        if name == State.PRELOADING and self.launch % 2:
            forever((lambda: beat(None)) if self.value else None)
        return name
