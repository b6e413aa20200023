"""The status waits for a lock that the work holds."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SlowStatus(Fault):
    name = "slow-status"
    does = "answers each poll late (parameter: seconds)"
    clause = "POL-13"
    parameter = 1.3

    def polled(self, job: Job, answer: Answer) -> Answer:
        return replace(answer, delay=self.value or 0.0)
