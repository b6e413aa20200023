"""Debugging was left switched on."""

from reference.miner.answers import saying
from reference.miner.seams import Answer, Fault


class TraceInRefusal(Fault):
    name = "trace-in-refusal"
    does = "shows a stack trace in a refusal"
    clause = "SEC-5"

    def refused(self, answer: Answer) -> Answer:
        trace = 'Traceback (most recent call last):\\n  File "/app/server.py", line 12, in submit'
        return saying(answer, detail=trace)
