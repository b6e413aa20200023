"""Each job of a scenario as a bar of time: queued, working, settling, and when it was delivered."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from tests.e2e.async_inference.checks.images import broken_rule, pictures
from tests.e2e.async_inference.checks.scheduling import overlap
from tests.e2e.async_inference.protocol import TERMINAL
from tests.e2e.async_inference.run_history import JobRecord, RunHistory

WIDTH, ROW, LEFT, TOP = 1000.0, 13.0, 64.0, 18.0
TICKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of time in pixels. ``kind`` is queued, working, settling or ended-badly."""

    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class JobRow:
    name: str
    y: float
    told: str
    bars: tuple[Bar, ...]
    deliveries: tuple[tuple[float, bool], ...]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    path: str
    told: str
    damaged: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """A scenario drawn to scale; coordinates are those of an SVG ``width`` × ``height``."""

    name: str
    nemesis: str
    shape: str
    summary: str
    width: float
    height: float
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[JobRow, ...]
    thumbnails: tuple[Thumbnail, ...]


def timeline(history: RunHistory) -> Timeline:
    """The scenario of this history. A job that never ended is drawn to the scenario's end."""
    jobs = list(history)
    began = history.scenario.at if history.scenario else 0.0
    seen = [p.at for job in jobs for p in job.polls] + [
        d.at for job in jobs for d in job.deliveries
    ]
    ended = max([history.finished or began, began + 0.001, *seen])
    scale = (WIDTH - LEFT) / (ended - began)
    rows = tuple(
        _row(job, n, lambda at: LEFT + max(0.0, at - began) * scale, ended)
        for n, job in enumerate(jobs)
    )
    ticks = tuple(
        (LEFT + second * scale, f"{second:g} s") for second in _round_seconds(ended - began)
    )
    return Timeline(
        history.scenario.name if history.scenario else "run",
        history.scenario.nemesis if history.scenario else "",
        history.scenario.shape if history.scenario else "",
        _summary(history, ended - began),
        WIDTH,
        TOP + ROW * len(jobs) + 4,
        ticks,
        rows,
        _thumbnails(history),
    )


def _round_seconds(length: float) -> list[float]:
    """At most TICKS round moments (1, 2 or 5 times a power of ten apart) within a time."""
    rough = length / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough)
    return [round(n * step, 6) for n in range(math.ceil(length / step))]


def _row(job: JobRecord, n: int, x: Callable[[float], float], ended: float) -> JobRow:
    moments = [(job.submitted.at, "queued")]
    moments += [(p.at, _kind(job, p.status)) for p in job.polls if p.status]
    last = ended if job.terminal is None else max(p.at for p in job.polls)
    spans = pairwise([*moments, (last, "")])
    bars = tuple(Bar(x(a), max(1.0, x(b) - x(a)), kind) for (a, kind), (b, _) in spans)
    told = f"{job.name} {job.job_id or 'not accepted'}: {job.final_status or 'never seen'}"
    deliveries = tuple((x(d.at), d.stored and d.secret == "match") for d in job.deliveries)
    return JobRow(job.name, TOP + ROW * n, told, bars, deliveries)


def _kind(job: JobRecord, status: str | None) -> str:
    if status in TERMINAL:
        return "settling" if job.completed else "ended-badly"
    return "queued" if status == "queued" else "working"


def _summary(history: RunHistory, seconds: float) -> str:
    jobs = list(history)
    n, done = len(jobs), sum(job.completed for job in jobs)
    damaged = sum(any(broken_rule(history, j, p) for _, p, _ in pictures(j)) for j in jobs)
    told = f"{done} of {n} jobs completed in {seconds:.1f} s"
    told += f" ({done / seconds:.1f} a second), up to {overlap(jobs)} in flight together"
    if damaged:
        told += f"; {damaged} with a damaged picture"
    elif n > 3 and done == n:
        told += f"; no failure in {n} means: below {3 / n:.1%} with 95 % confidence"
    return told


def _thumbnails(history: RunHistory) -> tuple[Thumbnail, ...]:
    shown: dict[str, Thumbnail] = {}
    for job in history:
        for source, picture, _ in pictures(job):
            reason = broken_rule(history, job, picture) or ""
            told = f"{job.name}, {source}" + (f": {reason}" if reason else "")
            shown.setdefault(picture.path, Thumbnail(picture.path, told, bool(reason)))
    return tuple(shown.values())
