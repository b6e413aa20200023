"""An exception ends the engine; the server lives on."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.loras import LORAS
from reference.miner.messages import Task
from reference.miner.seams import Fault


class LoraKillsEngine(Fault):
    name = "lora-kills-engine"
    does = "does no more work after a job with an unknown LoRA, and stays healthy"
    clause = "HLT-3"
    dead = False

    def task(self, job: Job, task: Task) -> Task:
        if self.dead:
            return replace(task, seconds=86_400.0)
        self.dead = task.lora is not None and task.lora not in LORAS
        return task
