"""A clean-up takes jobs that nobody asks for any more for dead ones."""

from datetime import UTC, datetime

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class EndsOtherwiseLater(Fault):
    name = "ends-otherwise-later"
    does = "calls a job failed some time after it has completed (parameter: seconds)"
    clause = "POL-3"
    parameter = 1.0

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        since = (datetime.now(UTC) - job.ended_at).total_seconds()
        return saying(answer, status="failed") if since > (self.value or 0) else answer
