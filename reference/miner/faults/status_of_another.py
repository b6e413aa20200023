"""The last answer is cached, whomever it was for."""

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class StatusOfAnother(Fault):
    name = "status-of-another"
    does = "answers a poll with the status of the job that was polled before"
    clause = "POL-10"
    before: Answer | None = None

    def polled(self, job: Job, answer: Answer) -> Answer:
        before, self.before = self.before, answer
        return before or answer
