"""The file is there already, so it must be finished."""

from dataclasses import replace
from pathlib import Path

from reference.miner.jobs import Ending, Job
from reference.miner.seams import Fault


class ReusedIdOldPicture(Fault):
    name = "reused-id-old-picture"
    does = "ends a job whose id was used before with the picture of the old one"
    clause = "SUB-14"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.pictures: dict[str, Path] = {}

    def ended(self, job: Job, ending: Ending) -> Ending:
        if ending.image is None:
            return ending
        return replace(ending, image=self.pictures.setdefault(job.job_id, ending.image))
