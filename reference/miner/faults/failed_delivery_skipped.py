"""An exception is swallowed together with its story."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class FailedDeliverySkipped(Fault):
    name = "failed-delivery-skipped"
    does = "calls deliveries skipped that no receiver took"
    clause = "CBK-19"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="skipped") if section.status == "failed" else section
