"""Detectors of hangs: ours, and four that are known to be wrong.

Each is told every readable answer and asked each second. A wrong one must be caught by the table.
"""

from typing import Protocol

from asyncproof.liveness.clocks import Budgets, Clocks
from tests.support.stories import BUDGETS, Seen, Story


class Detector(Protocol):
    def saw(self, at: float, seen: Seen) -> None:
        """A readable answer came."""

    def hung(self, at: float) -> bool:
        """Whether the job is hung now."""


class Ours:
    def __init__(self, budgets: Budgets = BUDGETS) -> None:
        self.clocks, self.budgets = Clocks.started(0.0), budgets

    def saw(self, at: float, seen: Seen) -> None:
        self.clocks = self.clocks.heard_at(at, seen.status, seen.progress)

    def hung(self, at: float) -> bool:
        return self.clocks.diagnose(at, self.budgets).life.hung


class OriginalRule:
    """A job that has any percentage below 100 is never hung; another one is when it is silent."""

    def __init__(self, timeout: float = BUDGETS.step) -> None:
        self.timeout, self.heard = timeout, 0.0
        self.progress: float | None = None

    def saw(self, at: float, seen: Seen) -> None:
        self.heard, self.progress = at, seen.progress

    def hung(self, at: float) -> bool:
        if self.progress is not None and self.progress < 100:
            return False
        return at - self.heard > self.timeout


class LastGapRule:
    """Hung when the last two signs of life were far apart: a gap that does not grow in silence."""

    def __init__(self, timeout: float = BUDGETS.step) -> None:
        self.timeout, self.heard, self.gap = timeout, 0.0, 0.0

    def saw(self, at: float, seen: Seen) -> None:
        self.gap, self.heard = at - self.heard, at

    def hung(self, at: float) -> bool:
        return self.gap > self.timeout


class HeartbeatOnlyRule:
    """Whatever gives signs of life is fine."""

    def __init__(self, timeout: float = BUDGETS.step) -> None:
        self.timeout, self.heard = timeout, 0.0

    def saw(self, at: float, seen: Seen) -> None:
        self.heard = at

    def hung(self, at: float) -> bool:
        return at - self.heard > self.timeout


class AnyChangeRule:
    """Any other percentage is progress; without one there is none, and the job is hung."""

    def __init__(self, timeout: float = BUDGETS.step) -> None:
        self.timeout, self.heard, self.changed = timeout, 0.0, 0.0
        self.progress: float | None = None

    def saw(self, at: float, seen: Seen) -> None:
        self.heard = at
        if seen.progress is not None and seen.progress != self.progress:
            self.changed, self.progress = at, seen.progress

    def hung(self, at: float) -> bool:
        return max(at - self.changed, at - self.heard) > self.timeout


def found_after(detector: Detector, story: Story) -> float | None:
    """The second of the story in which the detector calls the job hung; None where it never does.

    Nobody is asked about a job that has ended.
    """
    for second, seen in enumerate(story.seconds):
        if seen is not None:
            detector.saw(float(second), seen)
            if seen.status in ("completed", "failed", "timeout"):
                return None
        if detector.hung(float(second)):
            return float(second)
    return None


def wrong_about(detector: Detector, story: Story) -> bool:
    """Whether it misses this hang, or accuses this healthy job."""
    return (found_after(detector, story) is not None) is not story.hung
