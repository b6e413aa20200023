"""The callback's status is a constant."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class FailureCalledCompleted(Fault):
    name = "failure-called-completed"
    does = "delivers jobs that failed with status completed"
    clause = "CBK-7"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, fields=one.fields | {"status": "completed"}) for one in deliveries]
