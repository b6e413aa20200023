"""A template is filled one job too late."""

from reference.miner.answers import fields_of, saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ResultUrlOfAnother(Fault):
    name = "result-url-of-another"
    does = "names the result_url of the job before"
    clause = "SUB-7"
    before: str | None = None

    def submitted(self, job: Job, answer: Answer) -> Answer:
        before, self.before = self.before, fields_of(answer)["result_url"]
        return saying(answer, result_url=before or self.before)
