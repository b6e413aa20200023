"""Local time is told as if it were UTC."""

from datetime import timedelta

from reference.miner.answers import iso, saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class LocalTimes(Fault):
    name = "local-times"
    does = "tells times that are hours off (parameter: hours)"
    clause = "POL-9"
    parameter = 2.0

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        return saying(answer, completed_at=iso(job.ended_at + timedelta(hours=self.value or 0)))
