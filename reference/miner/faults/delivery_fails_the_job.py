"""One try-block around the work and its delivery."""

from dataclasses import replace

from reference.miner.answers import fields_of, without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class DeliveryFailsTheJob(Fault):
    name = "delivery-fails-the-job"
    does = "says that a job failed when its callback could not be delivered"
    clause = "CBK-20"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.terminal or (job.callback and job.callback.status == "delivered"):
            return answer
        shown = without(answer, "completed_at", "result_url", "image_url", "callback")
        if job.callback is None:
            return replace(shown, body=fields_of(shown) | {"status": "processing"})
        failed = {"status": "failed", "error": "the callback could not be delivered"}
        return replace(answer, body=fields_of(answer) | failed)
