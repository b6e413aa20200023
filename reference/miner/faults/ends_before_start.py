"""The wrong of two times is told."""

from datetime import timedelta

from reference.miner.answers import iso, saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class EndsBeforeStart(Fault):
    name = "ends-before-start"
    does = "tells an end that lies before the start (parameter: seconds)"
    clause = "POL-9"
    parameter = 30.0

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        return saying(answer, completed_at=iso(job.queued_at - timedelta(seconds=self.value or 0)))
