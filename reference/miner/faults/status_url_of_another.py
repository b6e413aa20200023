"""A template is filled one job too late."""

from reference.miner.answers import fields_of, saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class StatusUrlOfAnother(Fault):
    name = "status-url-of-another"
    does = "names the status_url of the job before"
    clause = "SUB-6"
    before: str | None = None

    def submitted(self, job: Job, answer: Answer) -> Answer:
        before, self.before = self.before, fields_of(answer)["status_url"]
        return saying(answer, status_url=before or self.before)
