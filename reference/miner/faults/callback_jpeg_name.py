"""The name of the picture is a constant from another model."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackJpegName(Fault):
    name = "callback-jpeg-name"
    does = "names its PNG result.jpg in callbacks"
    clause = "CBK-26"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, filename="result.jpg") for one in deliveries]
