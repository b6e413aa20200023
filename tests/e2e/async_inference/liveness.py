"""Is a job alive? Three clocks, seen from outside: silence, progress, total.

Progress is a high-water mark: a percentage that swings or falls is no progress. A job that never
reports one is judged by silence and total time only. All times are seconds on a monotonic clock
that comes in as an argument; nothing here waits or looks at a clock.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Life(StrEnum):
    """What the clocks say of a job."""

    FINE = "fine"
    STARVING = "starving"  # queued for longer than its budget
    SILENT = "dead"  # no readable answer about it at all
    STALLED = "stalled"  # answers come, progress does not
    OVERDUE = "overdue"  # its total time is used up


@dataclass(frozen=True, slots=True)
class Budgets:
    """Seconds that each clock may run before a job counts as hung."""

    silence: float
    step: float
    total: float


@dataclass(frozen=True, slots=True)
class Clocks:
    """What has been seen of one job, and when. ``best`` is the highest progress in percent."""

    began: float
    heard: float
    moved: float
    status: str | None = None
    best: float | None = None

    @classmethod
    def started(cls, at: float) -> "Clocks":
        return cls(began=at, heard=at, moved=at)

    def heard_at(self, at: float, status: str | None, progress: float | None) -> "Clocks":
        """A readable answer came. A new status is progress, and so is a new highest percentage."""
        best = max((p for p in (self.best, progress) if p is not None), default=None)
        moved = at if status != self.status or best != self.best else self.moved
        return replace(self, heard=at, moved=moved, status=status, best=best)

    def life(self, at: float, budgets: Budgets) -> Life:
        """The state of the job now. Only a job that reports a percentage can be stalled."""
        if at - self.heard > budgets.silence:
            return Life.SILENT
        if at - self.moved > budgets.step:
            if self.status == "queued":
                return Life.STARVING
            if self.best is not None:
                return Life.STALLED
        if at - self.began > budgets.total:
            return Life.OVERDUE
        return Life.FINE

    def deadline(self, budgets: Budgets) -> float:
        """When the job will count as hung if nothing more is heard of it."""
        return min(
            self.heard + budgets.silence, self.moved + budgets.step, self.began + budgets.total
        )

    def describe(self, at: float) -> str:
        """The ages of the clocks, for a finding."""
        shown = "not reported" if self.best is None else f"{self.best:g}%"
        return (
            f"Last answer: {at - self.heard:.1f}s ago, "
            f"Last progress change: {at - self.moved:.1f}s ago, Progress: {shown}"
        )
