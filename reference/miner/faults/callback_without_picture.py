"""The file is attached only if it is there already."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackWithoutPicture(Fault):
    name = "callback-without-picture"
    does = "delivers completed jobs with neither a picture nor a link to it"
    clause = "CBK-8"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [
            replace(
                one, image=None, fields={k: v for k, v in one.fields.items() if k != "image_url"}
            )
            for one in deliveries
        ]
