"""Nobody thought of receivers that talk a lot."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class PreviewWithoutEnd(Fault):
    name = "preview-without-end"
    does = "shows the whole answer of the receiver as response_preview"
    clause = "CBK-13"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, response_preview=(section.response_preview or "") * 3)
