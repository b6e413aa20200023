"""A pipeline that does not know how far it is."""

from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault


class NoPercentage(Fault):
    name = "no-percentage"
    does = "sends heartbeats without a percentage"

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        return None
