"""Plots are drawn to scale, with few round ticks, and stay small however long a run was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.facts.timings import StageTimes
from asyncproof.history.build import build
from asyncproof.history.events import Polled, Unchanged
from asyncproof.reports.html import plots
from asyncproof.reports.html.plots import BINS, CURVES, HEIGHT, LEFT, POINTS, TICKS, TOP, WIDTH
from tests.support.histories import good_job, scenario


def corners(points: str) -> list[tuple[float, float]]:
    pairs = (pair.split(",") for pair in points.split())
    return [(float(x), float(y)) for x, y in pairs]


@given(st.floats(0.001, 1e6))
def test_ticks_are_round_and_few(length: float) -> None:
    ticks = plots.round_steps(0, length)
    assert 2 <= len(ticks) <= TICKS + 2
    assert ticks[0] == 0
    assert ticks[-1] <= length * 1.001


def test_a_histogram_counts_every_job_and_marks_the_percentiles() -> None:
    plot = plots.histogram(StageTimes("work", tuple(n / 10 for n in range(1, 101))))
    (line,) = plot.lines
    assert len(corners(line.points)) == 2 * BINS + 2
    assert [mark.label for mark in plot.marks] == ["p50", "p95", "p99"]
    assert LEFT < plot.marks[0].at < plot.marks[2].at < WIDTH
    assert plot.told == "p50 5.000 s, p95 9.500 s, p99 9.900 s, max 10.000 s"


def test_the_load_of_a_long_run_is_thinned_but_keeps_its_peak() -> None:
    jobs = [good_job(f"job_{n:04}", at=n * 0.5) for n in range(600)]
    plot = plots.load(build(scenario(*jobs)))
    assert plot is not None
    points = corners(plot.lines[0].points)
    assert len(points) <= 2 * POINTS + 3
    assert min(y for _, y in points) == pytest.approx(TOP)
    assert points[-1][1] == pytest.approx(HEIGHT - plots.BOTTOM)


@pytest.mark.parametrize("peak", range(600, 606))
def test_a_peak_of_one_moment_survives_thinning(peak: int) -> None:
    steps = [(float(n), 9 if n == peak else n % 2) for n in range(1200)]
    thinned = plots.thinned(steps)
    assert len(thinned) <= POINTS + 1
    assert (float(peak), 9) in thinned
    assert thinned[-1] == steps[-1]


def test_a_run_without_accepted_jobs_has_no_plots() -> None:
    history = build(scenario())
    assert plots.load(history) is None
    assert plots.slowest(history) is None


def test_the_slowest_jobs_come_first_and_a_stall_is_a_flat_line() -> None:
    jobs = [good_job(f"job_{n:03}") for n in range(CURVES + 4)]
    more = Polled(at=1.0, job="job_003", took=0.01, status="processing", progress=60)
    still = Unchanged(at=8.0, job="job_003", since=1.1, count=50, slowest=0.1)
    jobs[3] = [e for e in jobs[3] if getattr(e, "status", "") != "completed"] + [more, still]
    plot = plots.slowest(build(scenario(*jobs)))
    assert plot is not None
    assert plot.lines[0].job == "job_003"
    *_, before, last = corners(plot.lines[0].points)
    assert last[0] > before[0]
    assert last[1] == before[1]
