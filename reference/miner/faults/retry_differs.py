"""The body of a retry is built anew, from whatever is there by then."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class RetryDiffers(Fault):
    name = "retry-differs"
    does = "tries each callback twice, the second time with another image_url"
    clause = "CBK-23"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        other = {"image_url": f"{job.image_url}?attempt=2"}
        return [*deliveries, *(replace(one, fields=one.fields | other) for one in deliveries)]
