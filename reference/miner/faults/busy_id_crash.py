"""The store refuses a second record, and nobody listens."""

from reference.miner.jobs import Job
from reference.miner.seams import Fault


class BusyIdCrash(Fault):
    name = "busy-id-crash"
    does = "breaks down on a second job with the id of one in flight"
    clause = "SUB-5"

    def in_use(self, earlier: Job | None, busy: bool) -> bool:
        if busy:
            raise KeyError(earlier)
        return busy
