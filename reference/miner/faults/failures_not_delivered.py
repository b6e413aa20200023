"""The callback is sent at the end of the good path only."""

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class FailuresNotDelivered(Fault):
    name = "failures-not-delivered"
    does = "sends no callback for jobs that fail"
    clause = "CBK-1"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return deliveries if job.image else []
