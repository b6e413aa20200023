"""Health looks for work instead of for workers."""

from dataclasses import replace

from reference.miner.answers import fields_of
from reference.miner.seams import Answer, Fault


class IdleUnhealthy(Fault):
    name = "idle-unhealthy"
    does = "answers 503 to health while there is no work"
    clause = "HLT-1"

    def health(self, answer: Answer) -> Answer:
        return answer if fields_of(answer)["in_flight"] else replace(answer, code=503)
