"""The callback is built from a copy of the job that is too old."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackSaysProcessing(Fault):
    name = "callback-says-processing"
    does = "delivers every job with status processing"
    clause = "CBK-7"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, fields=one.fields | {"status": "processing"}) for one in deliveries]
