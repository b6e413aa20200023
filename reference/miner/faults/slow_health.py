"""Health waits for a lock that the work holds."""

from dataclasses import replace

from reference.miner.seams import Answer, Fault


class SlowHealth(Fault):
    name = "slow-health"
    does = "answers health late (parameter: seconds)"
    clause = "HLT-4"
    parameter = 1.3

    def health(self, answer: Answer) -> Answer:
        return replace(answer, delay=self.value or 0.0)
