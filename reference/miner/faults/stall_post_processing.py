"""The decoder waits for a lock."""

from reference.miner.messages import State, Task
from reference.miner.seams import Beat, Fault, forever


class StallPostProcessing(Fault):
    name = "stall-post-processing"
    does = "hangs for ever between 100 % and the result (parameter 1: with heartbeats)"
    clause = "LIV-2"
    parameter = 0.0

    def stage(self, task: Task | None, name: str, beat: Beat) -> str:
        if name == State.POST_PROCESSING:
            forever((lambda: beat(None)) if self.value else None)
        return name
