"""The header is set on a session that redeliveries do not use."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class SecretMissing(Fault):
    name = "secret-missing"
    does = "sends callbacks without X-Callback-Secret"
    clause = "CBK-2"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, headers={}) for one in deliveries]
