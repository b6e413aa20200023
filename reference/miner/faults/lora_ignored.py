"""The weights are loaded and never merged."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.messages import Task
from reference.miner.seams import Fault


class LoraIgnored(Fault):
    name = "lora-ignored"
    does = "draws every job without its LoRA"
    clause = "IDN-4"

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, lora=None)
