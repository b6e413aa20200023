"""The reason of a failure is the exception as it was printed."""

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class TraceInStatus(Fault):
    name = "trace-in-status"
    does = "tells failures as stack traces"
    clause = "SEC-5"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.error is None:
            return answer
        trace = 'Traceback (most recent call last):\\n  File "/app/engine.py", line 40, in draw'
        return saying(answer, error=f"{trace}\\n{job.error}")
