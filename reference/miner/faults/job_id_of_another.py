"""The id lives in a variable that jobs share."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class JobIdOfAnother(Fault):
    name = "job-id-of-another"
    does = "sends the job_id of the job that ended before"
    clause = "CBK-3"
    shared: Delivery | None = None

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        (own,) = deliveries
        other, self.shared = self.shared or own, own
        return [replace(own, fields=own.fields | {"job_id": other.fields["job_id"]})]
