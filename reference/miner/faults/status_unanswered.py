"""Whoever works on a job holds the lock that the status answer needs."""

from dataclasses import replace

from reference.miner.jobs import Job, Status
from reference.miner.seams import Answer, Fault


class StatusUnanswered(Fault):
    name = "status-unanswered"
    does = "leaves polls of a job unanswered once work on it began (parameter: seconds)"
    clause = "LIV-1"
    parameter = 10.0

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.status is Status.QUEUED:
            return answer
        return replace(answer, delay=self.value or 0.0)
