"""A small device: everything takes its time, and everything gets done."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.messages import Task
from reference.miner.seams import Fault


class Slow(Fault):
    name = "slow"
    does = "takes several times as long for each job (parameter: how many times)"
    parameter = 10.0

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, seconds=task.seconds * (self.value or 1))
