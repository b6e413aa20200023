"""A sweeper finds jobs whose delivery it does not know of."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackLaterAgain(Fault):
    name = "callback-later-again"
    does = "sends each callback again some time later (parameter: seconds)"
    clause = "CBK-4"
    parameter = 0.5

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [*deliveries, *(replace(one, delay=self.value or 0) for one in deliveries)]
