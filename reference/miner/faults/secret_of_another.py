"""The secret lives in a variable that jobs share."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class SecretOfAnother(Fault):
    name = "secret-of-another"
    does = "sends the secret of the job that ended before"
    clause = "CBK-2"
    shared: Delivery | None = None

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        (own,) = deliveries
        other, self.shared = self.shared or own, own
        return [replace(own, headers=other.headers)]
