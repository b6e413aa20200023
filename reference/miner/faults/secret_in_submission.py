"""The answer repeats the request."""

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SecretInSubmission(Fault):
    name = "secret-in-submission"
    does = "shows the secret in the answer to a submission"
    clause = "SEC-1"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, callback_secret=job.request.callback_secret)
