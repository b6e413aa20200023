"""What is left is told in place of what is done."""

from reference.miner.answers import fields_of, saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class Countdown(Fault):
    name = "countdown"
    does = "reports a progress that falls from 100 to 0"
    clause = "POL-5"

    def polled(self, job: Job, answer: Answer) -> Answer:
        progress = fields_of(answer).get("progress")
        return answer if progress is None else saying(answer, progress=100 - progress)
