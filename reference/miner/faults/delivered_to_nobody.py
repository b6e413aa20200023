"""What did not fail is called delivered."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class DeliveredToNobody(Fault):
    name = "delivered-to-nobody"
    does = "says delivered where there was no callback_url"
    clause = "CBK-18"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="delivered") if section.status == "skipped" else section
