"""A list for operators that anyone may read."""

from collections.abc import Sequence

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SecretInJobs(Fault):
    name = "secret-in-jobs"
    does = "shows the secrets in the list of jobs"
    clause = "SEC-1"

    def listed(self, jobs: Sequence[Job], answer: Answer) -> Answer:
        return saying(answer, secrets=[job.request.callback_secret for job in jobs])
