"""The callback sends a preview that was saved on the way."""

from dataclasses import replace
from io import BytesIO

from PIL import Image

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackOtherPicture(Fault):
    name = "callback-other-picture"
    does = "delivers the picture upside down, and not as it can be downloaded"
    clause = "CBK-9"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, image=_turned(job)) for one in deliveries if job.image]


def _turned(job: Job) -> bytes:
    buffer = BytesIO()
    if job.image:
        Image.open(job.image).rotate(180).save(buffer, "PNG")
    return buffer.getvalue()
