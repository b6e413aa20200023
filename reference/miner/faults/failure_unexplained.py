"""The reason is logged and not kept."""

from reference.miner.answers import without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class FailureUnexplained(Fault):
    name = "failure-unexplained"
    does = "does not say why a job failed"
    clause = "POL-12"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "error")
