"""Load shapes for stress: when each job may leave, as arithmetic on what has been sent.

*Open* shapes have a rate and do not wait for answers, as customers do not; *closed* ones have a
number of jobs in flight. Every shape is a pure function of the time that has passed, the jobs sent
and the jobs in flight; chance comes from a seed, so that the same shape gives the same times again.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import inf, sqrt
from typing import Protocol

Points = tuple[tuple[float, float], ...]
SHORTEST_WAIT = 1e-6  # seconds; less is now
BLOCK = 64  # jobs whose times are drawn together
SPIKE = 5.0  # times the usual load
USUAL_STAGE = 60.0  # seconds, where nothing says how long
FIRST_SHARE = 0.1  # of its rate, with which a ramp begins


class StressShape(Protocol):
    """When jobs may leave. ``elapsed`` is in seconds since the shape began, ``sent`` counts the
    jobs since then."""

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:
        """Seconds until it is worth asking again, 0 where the next job may leave now; None: when
        one in flight has ended."""

    def late(self, elapsed: float, sent: int) -> float:
        """How long (seconds) the next job has been due; 0 where it waits for another to end."""


@dataclass(frozen=True, slots=True)
class Bursts:
    """``jobs`` in the same instant, and again when all of them have ended."""

    jobs: int

    def __str__(self) -> str:
        return f"bursts of {self.jobs}"

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:  # noqa: ARG002
        return None if in_flight and sent % self.jobs == 0 else 0.0

    def late(self, elapsed: float, sent: int) -> float:  # noqa: ARG002
        return 0.0


@dataclass(frozen=True, slots=True)
class InFlight:
    """A closed shape: so many jobs in flight, by ``points`` of (seconds, jobs), in straight lines
    between them and level after the last. At least one is always allowed."""

    points: Points

    def __str__(self) -> str:
        first, last = self.points[0][1], self.points[-1][1]
        return f"{last:g} in flight" if first == last else f"{first:g} to {last:g} in flight"

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:  # noqa: ARG002
        if in_flight < max(1, int(_level(self.points, elapsed))):
            return 0.0
        return _reaches(self.points, elapsed, in_flight + 1)

    def late(self, elapsed: float, sent: int) -> float:  # noqa: ARG002
        return 0.0


@dataclass(frozen=True, slots=True)
class AtRate:
    """An open shape: jobs a second by ``points`` of (seconds, rate), in straight lines between them
    and level after the last.

    With a ``seed`` the times vary: in each stretch in which :data:`BLOCK` jobs are due, they leave
    at times drawn evenly at random, as independent customers would (a Poisson process, given how
    many came).
    """

    points: Points
    seed: str = ""

    def __str__(self) -> str:
        rates = dict.fromkeys(f"{rate:g}" for _, rate in self.points)
        return f"{' to '.join(rates)} a second{', by chance' if self.seed else ''}"

    def due(self, number: int) -> float:
        """When the job after ``number`` others leaves, in seconds since the shape began."""
        if not self.seed:
            return _when(self.points, number)
        block, place = divmod(number, BLOCK)
        share = _drawn(f"{self.seed} {block}")[place]
        return _when(self.points, (block + share) * BLOCK)

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:  # noqa: ARG002
        left = self.due(sent) - elapsed
        return left if left > SHORTEST_WAIT else 0.0

    def late(self, elapsed: float, sent: int) -> float:
        return max(0.0, elapsed - self.due(sent))


@dataclass(frozen=True, slots=True)
class Limited:
    """A shape with at most ``jobs`` in flight: what holds it back is reported as lateness."""

    shape: StressShape
    jobs: int

    def __str__(self) -> str:
        return f"{self.shape}, at most {self.jobs} in flight"

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:
        return None if in_flight >= self.jobs else self.shape.wait(elapsed, sent, in_flight)

    def late(self, elapsed: float, sent: int) -> float:
        return self.shape.late(elapsed, sent)


@dataclass(frozen=True, slots=True)
class LoadStage:
    """A shape for so many seconds (inf: until the run ends)."""

    shape: StressShape
    seconds: float = inf


@dataclass(frozen=True, slots=True)
class Stages:
    """Shapes one after the other. Each begins anew: with no time passed and no job sent."""

    stages: tuple[LoadStage, ...]

    def __str__(self) -> str:
        return ", then ".join(map(_told, self.stages))

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    def at(self, elapsed: float) -> tuple[int, float]:
        """Which stage is on, and when it began; the last one goes on for ever."""
        began = 0.0
        for number, stage in enumerate(self.stages[:-1]):
            if elapsed < began + stage.seconds:
                return number, began
            began += stage.seconds
        return len(self.stages) - 1, began


@dataclass(frozen=True, slots=True)
class Departures:
    """How far a run of stages has come: a value that each question replaces by the next."""

    stages: Stages
    number: int = 0
    sent_before: int = 0

    def at(self, elapsed: float, sent: int) -> "Departures":
        """The same at a later time: a new stage counts its jobs from here."""
        number, _ = self.stages.at(elapsed)
        if number == self.number:
            return self
        return replace(self, number=number, sent_before=sent)

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:
        """As of a shape; never beyond the end of the stage."""
        stage, began = self.stages.stages[self.number], self.stages.at(elapsed)[1]
        wait = stage.shape.wait(elapsed - began, sent - self.sent_before, in_flight)
        last = self.number == len(self.stages.stages) - 1
        left = inf if last else began + stage.seconds - elapsed
        return wait if left == inf else left if wait is None else min(wait, left)

    def late(self, elapsed: float, sent: int) -> float:
        stage, began = self.stages.stages[self.number], self.stages.at(elapsed)[1]
        return stage.shape.late(elapsed - began, sent - self.sent_before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the shapes of a run are made of: jobs in flight, jobs a second (None: a closed model),
    its length in seconds, and the seed for what varies."""

    concurrency: int
    rate: float | None = None
    seconds: float = inf
    seed: int = 0


NAMES = ("burst", "steady", "ramp", "spike", "soak")
_STAGE = re.compile(r"([a-z]+)(?::(\d+(?:\.\d+)?)(s|m|h)?)?")
UNITS = {None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def stages(text: str, load: Load) -> Stages:
    """``burst``, or stages with their lengths: ``ramp:30s,steady:2m,spike:20s``.

    Raises:
        ValueError: with what is allowed.
    """
    parts = [part.strip() for part in text.split(",")]
    found = [_stage(part, load, is_last=n == len(parts)) for n, part in enumerate(parts, 1)]
    return Stages(tuple(found))


def _stage(text: str, load: Load, *, is_last: bool) -> LoadStage:
    match = _STAGE.fullmatch(text)
    if match is None or match[1] not in NAMES:
        raise ValueError(f"{text!r}: expected {', '.join(NAMES)}, each with a length (ramp:30s)")
    given = float(match[2]) * UNITS[match[3]] if match[2] else None
    if given is None and not is_last:
        raise ValueError(f"{text!r}: every stage but the last needs a length, such as {text}:30s")
    seconds = given if given is not None else load.seconds
    return LoadStage(_shape(match[1], seconds, load), seconds)


def _shape(name: str, seconds: float, load: Load) -> StressShape:
    if name == "burst":
        return Bursts(load.concurrency)
    length = USUAL_STAGE if seconds == inf else max(seconds, SHORTEST_WAIT)
    if load.rate is None:
        return InFlight(_points(name, float(load.concurrency), length))
    seed = f"{load.seed} {name}" if name == "soak" else ""
    return Limited(AtRate(_points(name, load.rate, length), seed), load.concurrency)


def _points(name: str, level: float, length: float) -> Points:
    """The level over time; the highest is ``level``, so that a spike rises from a fifth of it."""
    if name == "ramp":
        return (0.0, level * FIRST_SHARE), (length, level)
    if name == "spike":
        low, begins, ends = level / SPIKE, 0.4 * length, 0.6 * length
        edge = 0.01 * length
        return (0.0, low), (begins, low), (begins + edge, level), (ends, level), (ends + edge, low)
    return ((0.0, level),)


def _told(stage: LoadStage) -> str:
    return f"{stage.shape}" if stage.seconds == inf else f"{stage.shape} for {stage.seconds:g} s"


def _level(points: Points, at: float) -> float:
    for (begins, low), (ends, high) in pairwise(points):
        if at < ends:
            return low + (high - low) * max(0.0, at - begins) / (ends - begins)
    return points[-1][1]


def _reaches(points: Points, at: float, level: int) -> float | None:
    """Seconds until this level is reached by itself; None where it never is."""
    for (begins, low), (ends, high) in pairwise(points):
        if ends > at and high > low and low < level <= high:
            return max(SHORTEST_WAIT, begins + (level - low) * (ends - begins) / (high - low) - at)
    return None


def _when(points: Points, count: float) -> float:
    """When so many jobs are due: the inverse of the integral of the rate."""
    for (begins, low), (ends, high) in pairwise(points):
        length = ends - begins
        area = length * (low + high) / 2
        if count < area:
            return begins + _solved(low, (high - low) / length, count)
        count -= area
    begins, rate = points[-1]
    return begins + count / rate


def _solved(rate: float, slope: float, count: float) -> float:
    """t where rate * t + slope * t² / 2 is ``count``."""
    if abs(slope) < 1e-12:
        return count / rate
    return (sqrt(max(0.0, rate * rate + 2 * slope * count)) - rate) / slope


@lru_cache(256)
def _drawn(seed: str) -> Sequence[float]:
    """Places in a block, from 0 to 1, in rising order."""
    chance = random.Random(seed)
    return sorted(chance.random() for _ in range(BLOCK))
