"""The trained weights stay in the model that draws."""

from collections.abc import Sequence
from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.loras import LORAS
from reference.miner.messages import Task
from reference.miner.seams import Answer, Fault


class TrainingStays(Fault):
    name = "training-stays"
    does = "draws with another look after a training"
    clause = "TRN-3"
    begun = False

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        self.begun = True
        return answer

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, lora=LORAS[0]) if self.begun else task
