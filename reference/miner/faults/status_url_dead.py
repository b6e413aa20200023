"""The path was changed in one place only."""

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class StatusUrlDead(Fault):
    name = "status-url-dead"
    does = "names a status_url that does not exist"
    clause = "SUB-6"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, status_url=f"/status/{job.job_id}")
