"""The code is a constant."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class StatusCodeConstant(Fault):
    name = "status-code-constant"
    does = "says status_code 200 whatever 2xx or error came"
    clause = "CBK-12"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status_code=200 if section.status_code else None)
