"""Ways in which an inference goes on or hangs, as heartbeats with their times.

``since`` is when the hang begins: the last time that anything moved, None for healthy ones.
Budget 60 s, one tick a second.
"""

from dataclasses import dataclass

from tests.unit.reference.detectors import Detector

BUDGET = 60.0
TICK = 1.0
LENGTH = 600.0

Beats = list[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Case:
    """A course of one inference."""

    name: str
    beats: Beats
    since: float | None

    def __str__(self) -> str:
        return self.name


def rising(until: float, pace: float = 0.2) -> Beats:
    """One percent every ``pace`` seconds, up to a percentage."""
    return [(pace * percent, float(percent)) for percent in range(int(until) + 1)]


def going_on(beats: Beats, percents: list[float | None], every: float = 2.0) -> Beats:
    """Heartbeats to the end of time, with these percentages in turn."""
    last = beats[-1][0] if beats else 0.0
    count = int((LENGTH - last) / every)
    return beats + [(last + every * (n + 1), percents[n % len(percents)]) for n in range(count)]


def hang(percent: int, *, heartbeats: bool) -> Case:
    """Stops at a percentage: silent, or with heartbeats that repeat it."""
    beats = rising(percent)
    since = beats[-1][0]
    full = going_on(beats, [float(percent)]) if heartbeats else beats
    return Case(f"hang at {percent} %, {'beating' if heartbeats else 'silent'}", full, since)


HANGS = [
    *(hang(p, heartbeats=b) for p in (0, 1, 25, 50, 75, 99, 100) for b in (False, True)),
    Case("swings 40-41", going_on(rising(41), [40.0, 41.0]), rising(41)[-1][0]),
    Case("falls", going_on(rising(50), [float(p) for p in range(49, -1, -1)]), rising(50)[-1][0]),
    Case("silent from the start", [], 0.0),
    Case("silent without a percentage", [(n * 2.0, None) for n in range(10)], 18.0),
    Case("swings with gaps", going_on(rising(41), [40.0, None, 41.0, None]), rising(41)[-1][0]),
]

HEALTHY = [
    Case("steady", going_on(rising(99, pace=5.0), [100.0])[:100], None),
    Case("slow but moving", [(n * 20.0, float(n)) for n in range(int(LENGTH / 20))], None),
    Case(
        "a pause under the budget",
        [*rising(30), *[(60.0 + n * 9, 31.0 + n) for n in range(60)]],
        None,
    ),
    Case("no percentage at all", [(n * 5.0, None) for n in range(int(LENGTH / 5))], None),
    Case(
        "bursts",
        [(n * 50.0 + m * 0.01, n * 8.0 + m) for n in range(int(LENGTH / 50)) for m in range(8)],
        None,
    ),
    Case("steps of half a percent", [(n * 25.0, n * 0.5) for n in range(int(LENGTH / 25))], None),
    Case("long first step", [(58.0, 1.0), *[(58.0 + n * 9, 1.0 + n) for n in range(1, 60)]], None),
]


def flagged(detector: Detector, case: Case, length: float = LENGTH) -> float | None:
    """When the detector first says that the process is stuck, asked once every tick."""
    beats = list(case.beats)
    end = min(length, beats[-1][0]) if case.since is None and beats else length
    for tick in range(1, int(end / TICK) + 1):
        while beats and beats[0][0] <= tick * TICK:
            detector.hears(*beats.pop(0))
        if detector.stuck(tick * TICK):
            return tick * TICK
    return None
