"""The id has a shorter name."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class IdKey(Fault):
    name = "id-key"
    does = "calls the job's id `id` in polled answers"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not isinstance(answer.body, dict):
            return answer
        return replace(
            answer, body={"id" if k == "job_id" else k: v for k, v in answer.body.items()}
        )
