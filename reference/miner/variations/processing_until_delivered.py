"""A job is not over before its callback is."""

from dataclasses import replace

from reference.miner.answers import fields_of, without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ProcessingUntilDelivered(Fault):
    name = "processing-until-delivered"
    does = "says `processing` until the delivery was tried"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.terminal or job.callback is not None:
            return answer
        shown = without(answer, "completed_at", "result_url", "image_url", "error")
        return replace(shown, body={**fields_of(shown), "status": "processing"})
