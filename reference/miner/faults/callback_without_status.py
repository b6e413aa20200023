"""A callback is thought to mean success by itself."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackWithoutStatus(Fault):
    name = "callback-without-status"
    does = "leaves status out of callbacks"
    clause = "CBK-6"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [
            replace(one, fields={k: v for k, v in one.fields.items() if k != "status"})
            for one in deliveries
        ]
