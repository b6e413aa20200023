"""Jobs are taken from the database in pages, the last row of a page first."""

from reference.miner.jobs import Job
from reference.miner.seams import Fault


class BlocksBackwards(Fault):
    name = "blocks-backwards"
    does = "starts jobs in blocks of seven, each from its end"
    clause = "SCH-4"

    def queue(self, jobs: list[Job]) -> list[Job]:
        return sorted(jobs, key=lambda job: (job.number // 7, -job.number))
