"""The code is what the own server would answer."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class StatusCode204(Fault):
    name = "status-code-204"
    does = "says status_code 204 for every delivery that was taken"
    clause = "CBK-11"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status_code=204) if section.status == "delivered" else section
