"""The end of the callback is taken for the end of the job."""

from collections import Counter

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class EndsTwice(Fault):
    name = "ends-twice"
    does = "calls a job failed that it has called completed"
    clause = "POL-3"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.told = Counter[str]()

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.told[job.key] += job.callback is not None
        return saying(answer, status="failed") if self.told[job.key] > 1 else answer
