"""Another name for the end of a job that did not succeed."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class FailedAt(Fault):
    name = "failed-at"
    does = "tells the end of failed jobs as `failed_at`, not `completed_at`"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.image or not isinstance(answer.body, dict) or "completed_at" not in answer.body:
            return answer
        body = {**answer.body, "failed_at": answer.body["completed_at"]}
        del body["completed_at"]
        return replace(answer, body=body)
