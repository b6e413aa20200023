"""Two places in the code believe that the callback is theirs."""

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackTwice(Fault):
    name = "callback-twice"
    does = "sends each callback a second time although the first was taken"
    clause = "CBK-4"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return deliveries * 2
