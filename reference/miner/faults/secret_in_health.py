"""Health shows the last job for debugging."""

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SecretInHealth(Fault):
    name = "secret-in-health"
    does = "shows the last job's secret in the health answer"
    clause = "SEC-1"
    last: str | None = None

    def submitted(self, job: Job, answer: Answer) -> Answer:
        self.last = job.request.callback_secret
        return answer

    def health(self, answer: Answer) -> Answer:
        return saying(answer, last_secret=self.last)
