"""The status is written by a slower path than the callback."""

from dataclasses import replace
from datetime import UTC, datetime

from reference.miner.answers import fields_of, without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault

HALF = 50.0


class StatusLags(Fault):
    name = "status-lags"
    does = "shows work going on for some time after the callback (parameter: seconds)"
    clause = "CBK-15"
    parameter = 1.5

    def polled(self, job: Job, answer: Answer) -> Answer:
        ended = job.ended_at or datetime.now(UTC)
        past = (datetime.now(UTC) - ended).total_seconds() / (self.value or 1)
        if not job.terminal:
            return replace(answer, body=fields_of(answer) | {"progress": HALF * _done(job)})
        if past > 1:
            return answer
        shown = without(answer, "completed_at", "result_url", "image_url", "error", "callback")
        working = {"status": "processing", "progress": HALF + HALF * past}
        return replace(shown, body=fields_of(shown) | working)


def _done(job: Job) -> float:
    return (job.progress or 0.0) / 100
