"""The first value of an enumeration is the default."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class PayloadStatusConstant(Fault):
    name = "payload-status-constant"
    does = "says payload_status failed for completed jobs"
    clause = "CBK-14"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, payload_status="failed")
