"""The training queue is not set up."""

from collections.abc import Sequence

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class TrainingRefused(Fault):
    name = "training-refused"
    does = "answers 500 to training requests"
    clause = "TRN-1"

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        return Answer(500, {"detail": "no queue"})
