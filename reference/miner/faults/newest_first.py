"""The queue is a stack."""

from reference.miner.jobs import Job
from reference.miner.seams import Fault


class NewestFirst(Fault):
    name = "newest-first"
    does = "starts the job that came last"
    clause = "SCH-3"

    def queue(self, jobs: list[Job]) -> list[Job]:
        return sorted(jobs, key=lambda job: -job.number)
