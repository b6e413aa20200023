"""The weights are merged and never taken out again."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.messages import Task
from reference.miner.seams import Fault


class LoraSticks(Fault):
    name = "lora-sticks"
    does = "draws jobs without a LoRA with the one that was asked for last"
    clause = "IDN-5"
    last: str | None = None

    def task(self, job: Job, task: Task) -> Task:
        self.last = task.lora or self.last
        return replace(task, lora=self.last)
