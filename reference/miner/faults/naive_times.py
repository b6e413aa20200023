"""A time without the zone that it is in."""

from reference.miner.answers import fields_of, saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class NaiveTimes(Fault):
    name = "naive-times"
    does = "tells times without an offset"
    clause = "POL-8"

    def polled(self, job: Job, answer: Answer) -> Answer:
        text = str(fields_of(answer).get("completed_at", ""))
        return saying(answer, completed_at=text.removesuffix("Z")) if text else answer
