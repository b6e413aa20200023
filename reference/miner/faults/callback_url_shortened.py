"""Only host and first path element of the url are kept."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackUrlShortened(Fault):
    name = "callback-url-shortened"
    does = "sends callbacks to the first part of the path only"
    clause = "CBK-3"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, url=one.url.rpartition("/")[0]) for one in deliveries]
