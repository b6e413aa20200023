"""One word for everything that was not sent."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class ExpiredCalledSkipped(Fault):
    name = "expired-called-skipped"
    does = "says `skipped` of a callback that has expired"
    clause = "EXP-7"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="skipped") if section.status == "expired" else section
