"""A download without a timeout."""

from reference.miner.messages import State, Task
from reference.miner.seams import Beat, Fault, forever


class StallDownloading(Fault):
    name = "stall-downloading"
    does = "hangs for ever in the download of a LoRA (parameter 1: with heartbeats)"
    clause = "LIV-2"
    parameter = 0.0

    def stage(self, task: Task | None, name: str, beat: Beat) -> str:
        if name == State.DOWNLOADING:
            forever((lambda: beat(None)) if self.value else None)
        return name
