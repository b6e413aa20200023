"""The engine tells nothing of its steps."""

from reference.miner.answers import without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class NoProgress(Fault):
    name = "no-progress"
    does = "gives no progress in status answers"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "progress")
