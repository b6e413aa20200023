"""Two places write the status."""

from collections import Counter

from reference.miner.answers import saying
from reference.miner.jobs import Job, Status
from reference.miner.seams import Answer, Fault


class BackToQueued(Fault):
    name = "back-to-queued"
    does = "says `queued` again of a job that it has called `processing`"
    clause = "POL-2"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.told = Counter[str]()

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.told[job.key] += job.status is Status.PROCESSING
        back = job.status is Status.PROCESSING and self.told[job.key] > 1
        return saying(answer, status="queued") if back else answer
