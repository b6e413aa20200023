"""Nothing is hosted but the result."""

from dataclasses import replace

from reference.miner.answers import without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Delivery, Fault


class NoImageUrl(Fault):
    name = "no-image-url"
    does = "gives no image_url, neither in status answers nor in callbacks"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "image_url")

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [
            replace(one, fields={k: v for k, v in one.fields.items() if k != "image_url"})
            for one in deliveries
        ]
