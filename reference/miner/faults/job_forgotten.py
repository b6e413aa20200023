"""A job is taken from the queue and its worker is not free after all."""

from reference.miner.jobs import Job
from reference.miner.seams import Fault


class JobForgotten(Fault):
    name = "job-forgotten"
    does = "forgets the fourth job while others wait"
    clause = "SCH-8"

    def queue(self, jobs: list[Job]) -> list[Job]:
        return [job for job in jobs if job.number != 4] or jobs
