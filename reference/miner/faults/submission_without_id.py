"""The answer is made before the id is."""

from reference.miner.answers import without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SubmissionWithoutId(Fault):
    name = "submission-without-id"
    does = "answers a submission without naming the job"
    clause = "SUB-1"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "job_id")
