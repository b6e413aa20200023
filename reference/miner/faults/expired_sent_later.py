"""A sweeper sends whatever was not delivered, expired callbacks too."""

from dataclasses import replace

from reference.miner.delivery import delivery_of
from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class ExpiredSentLater(Fault):
    name = "expired-sent-later"
    does = "calls a callback expired, and sends it some time later (parameter: seconds)"
    clause = "EXP-2"
    parameter = 0.5

    def not_due(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        wanted = job.request.callback_url is not None
        return [replace(delivery_of(job), delay=self.value or 0)] if wanted else deliveries
