"""Faults of job ids: chosen, used again, unknown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from reference.miner.jobs import Ending, Job
from reference.miner.seams import Answer, Fault


class SameId(Fault):
    """The id is made from something that does not change."""

    name = "same-id"
    does = "gives every job the id of the first one"
    clause = "SUB-3"
    first: Answer | None = None

    def submitted(self, job: Job, answer: Answer) -> Answer:
        self.first = self.first or answer
        return self.first


class ChosenIdIgnored(Fault):
    """The field was forgotten when the body was read."""

    name = "chosen-id-ignored"
    does = "ignores the id that the client chose and makes up its own"
    clause = "SUB-4"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in body.items() if name != "job_id"}


class BusyIdTaken(Fault):
    """Two jobs fight over one record."""

    name = "busy-id-taken"
    does = "accepts a second job with the id of a job in flight"
    clause = "SUB-5"

    def in_use(self, earlier: Job | None, busy: bool) -> bool:
        return False


class BusyIdCrash(Fault):
    """The store refuses a second record, and nobody handles that."""

    name = "busy-id-crash"
    does = "crashes on a second job with the id of a job in flight"
    clause = "SUB-5"

    def in_use(self, earlier: Job | None, busy: bool) -> bool:
        if busy:
            raise KeyError(earlier)
        return busy


class ReusedIdRefused(Fault):
    """Ids are never released."""

    name = "reused-id-refused"
    does = "refuses an id forever once it was used"
    clause = "SUB-14"

    def in_use(self, earlier: Job | None, busy: bool) -> bool:
        return earlier is not None


class ReusedIdOldPicture(Fault):
    """The file is there already, so it must be finished."""

    name = "reused-id-old-picture"
    does = "ends a job whose id was used before with the old job's picture"
    clause = "SUB-14"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.pictures: dict[str, Path] = {}

    def ended(self, job: Job, ending: Ending) -> Ending:
        if ending.image is None:
            return ending
        return replace(ending, image=self.pictures.setdefault(job.job_id, ending.image))


class UnknownIdQueued(Fault):
    """A missing record is read as one that has not been written yet."""

    name = "unknown-id-queued"
    does = "says `queued` about a job it has never seen"
    clause = "SUB-11"

    def unknown(self, job_id: str, answer: Answer) -> Answer:
        return Answer(200, {"job_id": job_id, "status": "queued"})


class UnknownIdCrash(Fault):
    """A lookup that does not expect to find nothing."""

    name = "unknown-id-crash"
    does = "answers 500 to a question about a job it has never seen"
    clause = "SUB-11"

    def unknown(self, job_id: str, answer: Answer) -> Answer:
        raise KeyError(job_id)
