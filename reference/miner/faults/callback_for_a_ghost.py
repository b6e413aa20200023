"""A job that was never accepted runs all the same."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackForAGhost(Fault):
    name = "callback-for-a-ghost"
    does = "sends a second callback under a job_id that it never gave"
    clause = "CBK-25"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        ghosts = [replace(d, fields=d.fields | {"job_id": f"ghost-{job.key}"}) for d in deliveries]
        return [*deliveries, *ghosts]
