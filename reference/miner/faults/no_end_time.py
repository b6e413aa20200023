"""The last write of the record leaves a field out."""

from reference.miner.answers import without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class NoEndTime(Fault):
    name = "no-end-time"
    does = "does not say when a job ended"
    clause = "POL-6"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "completed_at")
