"""The request is shown as it came."""

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SecretInStatus(Fault):
    name = "secret-in-status"
    does = "shows the secret in the status"
    clause = "SEC-1"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, callback_secret=job.request.callback_secret)
