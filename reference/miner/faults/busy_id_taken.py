"""Two jobs fight over one record."""

from reference.miner.jobs import Job
from reference.miner.seams import Fault


class BusyIdTaken(Fault):
    name = "busy-id-taken"
    does = "takes a second job with the id of one in flight"
    clause = "SUB-5"

    def in_use(self, earlier: Job | None, busy: bool) -> bool:
        return False
