"""A fraction is multiplied once too often."""

from reference.miner.answers import fields_of, saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ProgressTooHigh(Fault):
    name = "progress-too-high"
    does = "reports a progress of more than 100"
    clause = "POL-4"

    def polled(self, job: Job, answer: Answer) -> Answer:
        progress = fields_of(answer).get("progress")
        return answer if not progress else saying(answer, progress=100 * progress)
