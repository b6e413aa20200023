"""Two workers take the same job, and each delivers its end."""

from dataclasses import replace
from datetime import timedelta

from reference.miner.answers import iso
from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class ExecutedTwice(Fault):
    name = "executed-twice"
    does = "delivers two ends of each job, a quarter of a second apart"
    clause = "SCH-7"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        second = {"completed_at": iso(job.ended_at and job.ended_at + timedelta(seconds=0.25))}
        return deliveries + [
            replace(one, fields=one.fields | second, delay=0.25) for one in deliveries
        ]
