"""A count of steps begins below zero."""

from reference.miner.answers import fields_of, saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ProgressNegative(Fault):
    name = "progress-negative"
    does = "reports a progress below 0"
    clause = "POL-4"

    def polled(self, job: Job, answer: Answer) -> Answer:
        progress = fields_of(answer).get("progress")
        return answer if progress is None else saying(answer, progress=progress - 101)
