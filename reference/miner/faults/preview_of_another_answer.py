"""The preview is the text of the log line."""

from dataclasses import replace

from reference.miner.jobs import Job, Section
from reference.miner.seams import Fault


class PreviewOfAnotherAnswer(Fault):
    name = "preview-of-another-answer"
    does = "shows its own words as response_preview"
    clause = "CBK-13"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, response_preview=f"callback of {job.job_id} was answered")
