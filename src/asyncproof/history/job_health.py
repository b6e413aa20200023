"""What the clocks say of a job, as values that a history can keep."""

from dataclasses import dataclass
from enum import StrEnum
from math import floor


class JobHealth(StrEnum):
    """What the clocks say of a job."""

    FINE = "fine"
    SLOW = "slow"  # it moves, but under the rate
    STARVING = "starving"  # queued, and nothing leaves the queue
    DEAD = "dead"  # no readable answer about it at all
    STALLED = "stalled"  # answers come, progress does not
    OVERDUE = "overdue"  # its total time is used up

    @property
    def hung(self) -> bool:
        """Whether nothing more is to be waited for."""
        return self not in (JobHealth.FINE, JobHealth.SLOW)


class Stage(StrEnum):
    """Where a job is, as far as an outsider can see."""

    QUEUED = "queued"
    STARTING = "before the first step"
    STEPPING = "between steps"
    FINISHING = "after 100 %"
    UNMEASURED = "without a percentage"


_MID = {
    Stage.QUEUED: "in the queue",
    Stage.STARTING: "before the first step",
    Stage.STEPPING: "mid inference",
    Stage.FINISHING: "after 100%",
    Stage.UNMEASURED: "mid inference",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What was found of one job, with the reading of each clock in seconds. ``progress`` is its
    high-water mark in percent, ``pace`` in percent per minute; None where none was seen. ``over``
    is by how much the clock that ran out is over its limit as far as the job was seen: how long it
    stood still is certain until its last answer. None: none ran out, or an older history."""

    life: JobHealth
    stage: Stage
    progress: float | None
    silent: float
    still: float
    total: float
    pace: float | None = None
    over: float | None = None

    def line(self, subject: str, job_id: str | None) -> str:
        """One line with everything that a person needs to find the job."""
        return f"{subject} {self._told()} - {self._ages()}, Job: {job_id}"

    def _told(self) -> str:
        if self.life is JobHealth.OVERDUE:
            return f"exceeded the time for one job ({self.total:.1f}s) {_MID[self.stage]}"
        if self.life is JobHealth.SLOW and self.pace is not None:
            return f"is slow ({self.pace:.2g}% per minute) {_MID[self.stage]}"
        if self.life is JobHealth.FINE:
            return "moves again"
        return f"seems to be stuck {_MID[self.stage]}"

    def _ages(self) -> str:
        progress = "unknown" if self.progress is None else f"{shown_percent(self.progress)}%"
        return (
            f"Last heartbeat: {self.silent:.1f}s ago, "
            f"Last progress change: {self.still:.1f}s ago, Progress: {progress}"
        )


def shown_percent(progress: float) -> str:
    """A percentage as people read it, rounded down: what stands at 99.97 has not reached 100."""
    return f"{floor(progress * 10 + 1e-6) / 10:g}"
