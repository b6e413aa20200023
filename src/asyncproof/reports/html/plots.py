"""The plots of a page as coordinates: latencies, load over time, progress of slow jobs."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncproof.facts.load_over_time import load_over_time, peak
from asyncproof.facts.spans import began_at, ended_at, last_seen
from asyncproof.facts.timings import PERCENTILES, StageTimes
from asyncproof.history.history import History, JobRecord
from asyncproof.vocabulary import TERMINAL

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 440.0, 180.0, 44.0, 10.0, 12.0, 24.0
TICKS, BINS, CURVES = 6, 24, 8
POINTS = 440  # a step line is drawn with at most about two points for each pixel


@dataclass(frozen=True, slots=True)
class PlotLine:
    """A line or a bar chart's outline. ``points`` are those of an SVG polyline; ``job`` is the job
    that it leads to, if it is of one."""

    name: str
    points: str
    job: str = ""


@dataclass(frozen=True, slots=True)
class PlotMark:
    """A position on an axis, or a line across the plot, with its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot drawn to the size above; ``told`` says in words what it shows."""

    title: str
    told: str
    lines: tuple[PlotLine, ...]
    x_ticks: tuple[PlotMark, ...]
    y_ticks: tuple[PlotMark, ...]
    marks: tuple[PlotMark, ...] = ()
    kind: str = "lines"


def round_steps(low: float, high: float) -> list[float]:
    """At most TICKS round values (1, 2 or 5 times a power of ten apart) from low to high."""
    rough = max(high - low, 1e-9) / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 9) for n in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / max(self.high - self.low, 1e-9)
        return round(self.begin + share * (self.end - self.begin), 1)

    def ticks(self, unit: str = "") -> tuple[PlotMark, ...]:
        return tuple(PlotMark(self(v), f"{v:g}{unit}") for v in round_steps(self.low, self.high))


def _across(low: float, high: float) -> _Scale:
    return _Scale(low, high, LEFT, WIDTH - RIGHT)


def _up(high: float) -> _Scale:
    return _Scale(0, high, HEIGHT - BOTTOM, TOP)


def _points(pairs: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in pairs)


def histogram(stage: StageTimes) -> Plot:
    """How many jobs took how long in one stage, with its percentiles across."""
    longest = max(stage.seconds[-1], 1e-3)
    counts = [0] * BINS
    for seconds in stage.seconds:
        counts[min(BINS - 1, int(seconds / longest * BINS))] += 1
    x, y = _across(0, longest), _up(max(counts))
    corners = [(x(0), y(0))]
    for n, count in enumerate(counts):
        corners += [(x(n * longest / BINS), y(count)), (x((n + 1) * longest / BINS), y(count))]
    corners.append((x(longest), y(0)))
    named = [(f"p{p}", stage.percentile(p)) for p in PERCENTILES]
    told = ", ".join(f"{name} {value:.3f} s" for name, value in named)
    return Plot(
        f"{stage.name}: seconds of {len(stage.seconds)} jobs",
        f"{told}, max {stage.seconds[-1]:.3f} s",
        (PlotLine(stage.name, _points(corners)),),
        x.ticks(" s"),
        y.ticks(),
        tuple(PlotMark(x(value), name) for name, value in named),
        "histogram",
    )


def load(history: History) -> Plot | None:
    """Jobs in flight and jobs that wait, over the run; None where no job was accepted."""
    series = load_over_time(history)
    if not series.in_flight:
        return None
    last = max(at for at, _ in series.in_flight)
    most = peak(history)
    deepest = max(count for _, count in series.queued)
    x, y = _across(0, last), _up(most)
    lines = (
        PlotLine("in flight", _stairs(series.in_flight, x, y)),
        PlotLine("queued", _stairs(series.queued, x, y)),
    )
    told = f"at most {most} in flight, {deepest} of them queued"
    return Plot("Jobs in flight and queued", told, lines, x.ticks(" s"), y.ticks())


def _stairs(steps: Sequence[tuple[float, int]], x: _Scale, y: _Scale) -> str:
    """A step line; where steps lie closer than it can show, the highest of each column."""
    corners, before = [(x(0), y(0))], 0
    for at, count in thinned(steps):
        corners += [(x(at), y(before)), (x(at), y(count))]
        before = count
    return _points(corners)


def thinned(steps: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """At most about POINTS of the steps: of neighbours the highest, and the last of all."""
    if len(steps) <= POINTS:
        return list(steps)
    width = math.ceil(len(steps) / POINTS)
    groups = [steps[n : n + width] for n in range(0, len(steps), width)]
    return [max(group, key=lambda step: step[1]) for group in groups[:-1]] + [steps[-1]]


def slowest(history: History) -> Plot | None:
    """Progress over time of the jobs that took longest, and of those that never ended; None where
    no job reports progress."""
    worked = [(job, began) for job in history if (began := began_at(history, job)) is not None]
    curves = [(job, began, points) for job, began in worked if len(points := _curve(job)) > 1]
    curves.sort(key=lambda one: _length(history, one[0], one[1]), reverse=True)
    curves = curves[:CURVES]
    if not curves:
        return None
    longest = max(at - began for _, began, points in curves for at, _ in points)
    x, y = _across(0, longest), _up(100)
    lines = tuple(
        PlotLine(
            f"{job.name}, {_length(history, job, began):.1f} s",
            _points((x(max(0.0, at - began)), y(min(100.0, max(0.0, p)))) for at, p in points),
            job.name,
        )
        for job, began, points in curves
    )
    told = f"the {len(lines)} jobs that worked longest; a flat line is a stall"
    return Plot("Progress of the slowest jobs", told, lines, x.ticks(" s"), y.ticks(" %"))


def _curve(job: JobRecord) -> list[tuple[float, float]]:
    """Progress as polled; polls without a change hold the line level."""
    points = [(p.at, p.progress) for p in job.polls if p.progress is not None]
    ends = (p.at for p in job.polls if p.status in TERMINAL)
    last = next(ends, math.inf)
    points = [point for point in points if point[0] <= last]
    held = [
        (u.at, before)
        for u in job.unchanged
        if u.at < last and (before := _held(points, u.since)) is not None
    ]
    return sorted([*points, *held])


def _held(points: list[tuple[float, float]], at: float) -> float | None:
    return next((progress for when, progress in reversed(points) if when <= at), None)


def _length(history: History, job: JobRecord, began: float) -> float:
    ended = ended_at(history, job)
    return (last_seen(job) if ended is None else ended) - began
