"""The reason stays in the log."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class FailureWithoutReason(Fault):
    name = "failure-without-reason"
    does = "leaves the reason out of the callbacks of failed jobs"
    clause = "CBK-24"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [
            replace(one, fields={k: v for k, v in one.fields.items() if k != "error"})
            for one in deliveries
        ]
