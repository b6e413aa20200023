"""The receiver is thought to know the job from its url."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class CallbackWithoutJobId(Fault):
    name = "callback-without-job-id"
    does = "leaves job_id out of callbacks"
    clause = "CBK-6"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [
            replace(one, fields={k: v for k, v in one.fields.items() if k != "job_id"})
            for one in deliveries
        ]
