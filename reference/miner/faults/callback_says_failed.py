"""The callback is built before the final state is set."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackSaysFailed(Fault):
    name = "callback-says-failed"
    does = "delivers completed jobs with status failed"
    clause = "CBK-7"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, fields=one.fields | {"status": "failed"}) for one in deliveries]
