"""The callback target lives in a variable that jobs share."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class UrlOfAnother(Fault):
    name = "url-of-another"
    does = "sends each callback to url and secret of the job that ended before"
    clause = "CBK-3"
    shared: Delivery | None = None

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        (own,) = deliveries
        other, self.shared = self.shared or own, own
        return [replace(own, url=other.url, headers=other.headers)]
