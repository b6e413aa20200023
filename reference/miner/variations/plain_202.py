"""A queue in front of the miner answers for it."""

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class Plain202(Fault):
    name = "plain-202"
    does = "answers a submission with status and job_id and nothing else"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return Answer(202, {"status": "queued", "job_id": job.job_id})
