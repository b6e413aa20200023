"""Another word for a delivery that the receiver refused."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class ErrorWord(Fault):
    name = "error-word"
    does = "calls a delivery that was answered with an HTTP error `error`, not `failed`"

    def section(self, job: Job, section: Section) -> Section:
        refused = section.status == "failed" and section.status_code is not None
        return replace(section, status="error") if refused else section
