"""The type of the picture is a constant from another model."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackJpegType(Fault):
    name = "callback-jpeg-type"
    does = "announces its PNG as image/jpeg in callbacks"
    clause = "CBK-26"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, image_type="image/jpeg") for one in deliveries]
