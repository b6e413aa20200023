"""More is asked of the memory than the process may have."""

import resource

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault

MORE = 2**31


class OutOfMemory(Fault):
    name = "out-of-memory"
    does = "runs into its memory limit half way; the job fails and the process goes on"
    clause = "SCH-2"

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= 50:
            limits = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (MORE, limits[1]))
            try:
                bytearray(MORE)
            finally:
                resource.setrlimit(resource.RLIMIT_AS, limits)
        return percent
