"""A list that is searched grows with each job."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.messages import Task
from reference.miner.seams import Fault


class SlowsDown(Fault):
    name = "slows-down"
    does = "takes longer for each job (parameter: seconds)"
    clause = "SCH-6"
    parameter = 0.3

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, seconds=task.seconds + (self.value or 0) * (job.number - 1))
