"""Any answer is taken for success."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class DeliveredWhateverAnswered(Fault):
    name = "delivered-whatever-answered"
    does = "calls a delivery delivered whatever the receiver answered"
    clause = "CBK-10"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="delivered") if section.status_code else section
