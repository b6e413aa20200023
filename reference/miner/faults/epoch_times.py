"""A number of seconds goes out as it came from the clock."""

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class EpochTimes(Fault):
    name = "epoch-times"
    does = "tells times as seconds since 1970"
    clause = "POL-7"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        return saying(answer, completed_at=job.ended_at.timestamp())
