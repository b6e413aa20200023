"""A load that aims at race windows: it goes where jobs nearly met.

It climbs: ten jobs at once, as in the document's burst, then twenty, and so on to the most that is
allowed. So a defect that shows only above K in flight is met soon, whatever K is, and few jobs more
than it takes are sent where one shows by chance. By turns with that, and alone afterwards, it goes
where jobs came closest together: each way of sending (so many in flight all the time, or so many at
once when none is) is drawn by its share of near-misses so far, with the chance that it is the best
(Thompson, Biometrika 25, 1933). Pairs and fours at once are among them: they find idle engines, and
end together.

No clock and no socket; chance comes from a seed. What was seen comes in by :meth:`Aim.ended`.
"""

import random
from dataclasses import dataclass, field

FIRST = 10  # in flight
FEW_AT_ONCE = (2, 4)


@dataclass(slots=True)
class Arm:
    """A way of sending ``level`` jobs, all the time or ``at_once``; and what came of it: ``jobs``
    that ended and ``near`` near-misses."""

    level: int
    at_once: bool
    jobs: int = 0
    near: int = 0


@dataclass(slots=True)
class Aim:
    """A shape that learns, with at most ``most`` jobs in flight."""

    most: int
    seed: int = 0
    _arms: list[Arm] = field(init=False)
    _now: int = field(init=False, default=0)
    _left: int = field(init=False, default=0)
    _climb: int = field(init=False, default=0)
    _climbed: int = field(init=False, default=1)
    _turn: int = field(init=False, default=0)
    _filling: bool = field(init=False, default=False)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"aim {self.seed}")
        climb = _levels(self.most)
        few = [level for level in FEW_AT_ONCE if level < climb[0]]
        self._climb = len(climb)
        self._arms = [Arm(level, at_once=True) for level in (*climb, *few)]
        self._arms += [Arm(level, at_once=False) for level in climb]
        self._left = climb[0]

    def __str__(self) -> str:
        return f"aimed at race windows, at most {self.most} in flight"

    @property
    def level(self) -> int:
        """How many jobs are to be in flight now."""
        return self._arms[self._now].level

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:  # noqa: ARG002
        """As of a shape: 0 where the next job may leave now, which counts it; None otherwise."""
        if not self._left:
            self._choose()
        arm = self._arms[self._now]
        if arm.at_once:
            self._filling = in_flight == 0 or (self._filling and in_flight < arm.level)
            may_leave = self._filling
        else:
            may_leave = in_flight < arm.level
        if not may_leave:
            return None
        self._left -= 1
        return 0.0

    def late(self, elapsed: float, sent: int) -> float:  # noqa: ARG002
        return 0.0

    def ended(self, near: bool) -> None:
        """A job has ended; ``near``: close to another job."""
        arm = self._arms[self._now]
        arm.jobs += 1
        arm.near += near

    def _choose(self) -> None:
        """By turns the next level of the climb, while there is one, and what looks best so far."""
        self._turn += 1
        if self._climbed < self._climb and self._turn % 2 == 0:
            self._now, self._climbed = self._climbed, self._climbed + 1
        else:
            self._now = self._best()
        self._left = self._arms[self._now].level

    def _best(self) -> int:
        """Among the ways of at most the level that the climb has reached."""
        reached = self._arms[self._climbed - 1].level
        known = [n for n, arm in enumerate(self._arms) if arm.level <= reached]
        drawn = {n: self._drawn(self._arms[n]) for n in known}
        return max(drawn, key=drawn.__getitem__)

    def _drawn(self, arm: Arm) -> float:
        return self._chance.betavariate(1 + arm.near, 1 + max(0, arm.jobs - arm.near))


def _levels(most: int) -> list[int]:
    """Ten, twenty and so on, and the most itself."""
    levels, level = list[int](), FIRST
    while level < most:
        levels.append(level)
        level *= 2
    return [*levels, most]
