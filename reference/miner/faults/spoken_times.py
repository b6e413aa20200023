"""A time is told as people say it."""

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SpokenTimes(Fault):
    name = "spoken-times"
    does = "tells times as in a letter"
    clause = "POL-7"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        return saying(answer, completed_at=f"{job.ended_at:%A, %d %B %Y, %H:%M}")
