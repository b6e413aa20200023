"""The submission waits for something that can come later."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SlowSubmission(Fault):
    name = "slow-submission"
    does = "answers each submission late (parameter: seconds)"
    clause = "SUB-2"
    parameter = 1.5

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return replace(answer, delay=self.value or 0.0)
