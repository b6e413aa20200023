"""An object store and a receiver are taken for the same thing."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackByPut(Fault):
    name = "callback-by-put"
    does = "sends callbacks with PUT"
    clause = "CBK-5"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, method="PUT") for one in deliveries]
