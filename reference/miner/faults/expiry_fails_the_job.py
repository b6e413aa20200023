"""The expiry of the callback is taken for one of the job."""

from datetime import UTC, datetime

from reference.miner.jobs import Ending, Job, Status
from reference.miner.seams import Fault


class ExpiryFailsTheJob(Fault):
    name = "expiry-fails-the-job"
    does = "calls a job failed whose expiry has passed"
    clause = "EXP-8"

    def ended(self, job: Job, ending: Ending) -> Ending:
        if job.request.expiry is None or job.request.expiry > datetime.now(UTC):
            return ending
        return Ending(status=Status.FAILED, error="expired")
