"""The text of the exception is empty."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class FailureWithoutError(Fault):
    name = "failure-without-error"
    does = "shows no reason where the connection broke"
    clause = "CBK-19"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, error=None)
