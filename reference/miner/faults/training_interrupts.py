"""Training takes the engine away from the jobs that are in it."""

from collections.abc import Sequence

from reference.miner.jobs import Ending, Job, Status
from reference.miner.seams import Answer, Fault


class TrainingInterrupts(Fault):
    name = "training-interrupts"
    does = "fails the jobs that are in flight when a training begins"
    clause = "TRN-2"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.interrupted: set[str] = set()

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        self.interrupted |= {job.key for job in in_flight}
        return answer

    def ended(self, job: Job, ending: Ending) -> Ending:
        if job.key not in self.interrupted:
            return ending
        return Ending(status=Status.FAILED, error="the engine was stopped for training")
