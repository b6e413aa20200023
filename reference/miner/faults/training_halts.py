"""Training has the device, and inference what is left of it."""

from collections.abc import Sequence
from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.messages import Task
from reference.miner.seams import Answer, Fault


class TrainingHalts(Fault):
    name = "training-halts"
    does = "takes many times as long for a job after a training began (parameter: seconds)"
    clause = "TRN-4"
    parameter = 6.0

    begun = False

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        self.begun = True
        return answer

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, seconds=self.value or 0) if self.begun else task
