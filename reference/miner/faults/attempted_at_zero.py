"""A clock that nobody set."""

from dataclasses import replace
from datetime import UTC, datetime

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class AttemptedAtZero(Fault):
    name = "attempted-at-zero"
    does = "says that callbacks were attempted at the start of 1970"
    clause = "CBK-17"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, attempted_at=datetime.fromtimestamp(0, UTC))
