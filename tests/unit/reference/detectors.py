"""Detectors of a hang mid inference: the one in use, and four that are known to be wrong.

Each hears heartbeats (with a percentage or None) and is asked on every tick.
"""

from typing import Protocol

from reference.miner.messages import State
from reference.miner.supervision.clocks import (
    ENDING_CONDITIONS,
    Budgets,
    Condition,
    assigned,
    judge,
    launched,
    observed,
)


class Detector(Protocol):
    """Told of each heartbeat; asked whether the process has to be replaced."""

    def __init__(self, budget: float) -> None: ...

    def hears(self, at: float, percent: float | None) -> None: ...

    def stuck(self, at: float) -> bool: ...


class Ours:
    """The detector in use, with one budget for every stage."""

    def __init__(self, budget: float) -> None:
        self.budgets = Budgets(step=budget, first_step=budget, post_process=budget, total=1e9)
        process = assigned(launched(1, 0.0), "job", "base", 0.0)
        self.process = observed(process, State.INFERRING, None, 0.0)

    def hears(self, at: float, percent: float | None) -> None:
        self.process = observed(self.process, State.INFERRING, percent, at)

    def condition(self, at: float) -> Condition:
        return judge(self.process, self.budgets, at).condition

    def stuck(self, at: float) -> bool:
        return self.condition(at) in ENDING_CONDITIONS


class _Remembering:
    def __init__(self, budget: float) -> None:
        self.budget = budget
        self.heard = [0.0]
        self.percent: float | None = None
        self.changed = 0.0

    def hears(self, at: float, percent: float | None) -> None:
        self.heard.append(at)
        if percent is not None and percent != self.percent:
            self.changed = at
        self.percent = percent

    @property
    def last_gap(self) -> float:
        return self.heard[-1] - self.heard[-2] if len(self.heard) > 1 else 0.0


class OriginalRule(_Remembering):
    """Wrong: any percentage under 1 is never stuck, and else the last gap counts."""

    def stuck(self, at: float) -> bool:
        if self.percent is not None and self.percent < 1:
            return False
        return self.last_gap > self.budget


class LastGapRule(_Remembering):
    """Wrong: the gap between the last two heartbeats does not grow while a process is silent."""

    def stuck(self, at: float) -> bool:
        return self.last_gap > self.budget


class HeartbeatOnlyRule(_Remembering):
    """Wrong: a process can be alive and get nowhere."""

    def stuck(self, at: float) -> bool:
        return at - self.heard[-1] > self.budget


class AnyChangeRule(_Remembering):
    """Wrong: a swing between two values is a change and no progress, and heartbeats without a
    percentage are life."""

    def stuck(self, at: float) -> bool:
        return at - max(self.changed, 0.0) > self.budget
