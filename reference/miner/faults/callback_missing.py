"""The callback is lost before it is sent."""

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackMissing(Fault):
    name = "callback-missing"
    does = "sends no callback and says that it skipped it"
    clause = "CBK-1"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return []
