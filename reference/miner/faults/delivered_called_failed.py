"""The word is set before the answer is read."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class DeliveredCalledFailed(Fault):
    name = "delivered-called-failed"
    does = "calls deliveries failed that were taken"
    clause = "CBK-11"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="failed")
