"""Busy is taken for ill."""

from dataclasses import replace

from reference.miner.answers import fields_of
from reference.miner.seams import Answer, Fault


class BusyUnhealthy(Fault):
    name = "busy-unhealthy"
    does = "answers 503 to health while there is work"
    clause = "HLT-2"

    def health(self, answer: Answer) -> Answer:
        return replace(answer, code=503) if fields_of(answer)["in_flight"] else answer
