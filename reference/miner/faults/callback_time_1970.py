"""A clock that nobody set."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackTime1970(Fault):
    name = "callback-time-1970"
    does = "says in callbacks that each job ended at the start of 1970"
    clause = "CBK-27"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [
            replace(one, fields=one.fields | {"completed_at": "1970-01-01T00:00:00Z"})
            for one in deliveries
        ]
