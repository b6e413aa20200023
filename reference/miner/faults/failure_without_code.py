"""Only good answers are looked at."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class FailureWithoutCode(Fault):
    name = "failure-without-code"
    does = "shows no status_code where the receiver refused"
    clause = "CBK-19"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status_code=None) if section.status == "failed" else section
