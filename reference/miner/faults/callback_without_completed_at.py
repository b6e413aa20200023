"""The time of the end is thought to be that of the arrival."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackWithoutCompletedAt(Fault):
    name = "callback-without-completed-at"
    does = "leaves completed_at out of callbacks"
    clause = "CBK-6"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [
            replace(one, fields={k: v for k, v in one.fields.items() if k != "completed_at"})
            for one in deliveries
        ]
