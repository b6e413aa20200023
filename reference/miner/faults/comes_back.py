"""A clean-up puts a finished job back into the queue."""

from collections import Counter

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ComesBack(Fault):
    name = "comes-back"
    does = "says `processing` of a job that it has called completed"
    clause = "POL-3"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.told = Counter[str]()

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.told[job.key] += job.callback is not None
        return saying(answer, status="processing") if self.told[job.key] > 1 else answer
