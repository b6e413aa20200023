"""Ids are never given free."""

from reference.miner.jobs import Job
from reference.miner.seams import Fault


class ReusedIdRefused(Fault):
    name = "reused-id-refused"
    does = "refuses an id for ever once it was used"
    clause = "SUB-14"

    def in_use(self, earlier: Job | None, busy: bool) -> bool:
        return earlier is not None
