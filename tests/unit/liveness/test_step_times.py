"""When a stall is certain on this miner, by what its steps have taken."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.liveness.clocks import Budgets, Clocks
from asyncproof.liveness.step_times import SURE, SURE_AGAIN, TRAINING, StepTimes

USUAL = Budgets(silence=60.0, step=600.0, total=240.0)
KIND, OTHER = ((1024, 1024), 20, None), ((1024, 1024), 20, "ink")


def watched(times: StepTimes, seen: list[tuple[float, float]], kind: object = KIND) -> Clocks:
    """A job of 20 steps with these times and percentages."""
    clocks = Clocks.started(0.0)
    for at, percent in seen:
        status = "completed" if percent == 100 else "processing"
        later = clocks.heard_at(at, status, percent)
        times.saw((kind,), 20, clocks, later)
        clocks = later
    return clocks


def step_of(times: StepTimes, clocks: Clocks, kind: object = KIND, worked: float = 0.0) -> float:
    return times.budgets((kind,), USUAL, clocks, worked).step


def test_after_five_steps_the_longest_counts() -> None:
    times = StepTimes()
    few = watched(times, [(1.0, 5.0), (2.0, 20.0)])
    assert step_of(times, few) == USUAL.step
    more = watched(times, [(1.0, 5.0), (2.0, 10.0), (5.0, 15.0)])
    assert step_of(times, more) == SURE + 2 * 3.0


def test_a_class_that_was_not_seen_has_the_configured_budget() -> None:
    times = StepTimes()
    clocks = watched(times, [(1.0, 5.0), (2.0, 50.0)])
    assert step_of(times, clocks, OTHER) == USUAL.step


def test_one_that_may_have_been_put_aside_has_the_time_of_a_whole_job() -> None:
    times = StepTimes()
    watched(times, [(0.0, 0.0), (1.0, 50.0), (30.0, 100.0)], OTHER)
    clocks = watched(times, [(1.0, 25.0), (2.0, 50.0)])
    assert step_of(times, clocks) == SURE + 2 * 1.0
    assert step_of(times, clocks, worked=9.0) == SURE + 2 * 30.0


def test_the_next_stall_is_called_sooner_and_none_after_an_error() -> None:
    times = StepTimes()
    clocks = watched(times, [(1.0, 25.0), (2.0, 50.0)])
    times.stalled()
    assert step_of(times, clocks) == SURE_AGAIN + 2 * 1.0
    times.moved_again()
    assert step_of(times, clocks) == USUAL.step


def test_beside_a_training_a_stall_is_called_later_and_only_where_one_was_seen() -> None:
    times = StepTimes()
    clocks = watched(times, [(1.0, 25.0), (2.0, 50.0)])
    assert times.budgets((KIND,), USUAL, clocks, beside_training=True) == USUAL
    times.stalled()
    later = times.budgets((KIND,), USUAL, clocks, beside_training=True)
    assert later.step == SURE_AGAIN + TRAINING + 2 * 1.0


def test_the_configured_budget_is_never_exceeded() -> None:
    times = StepTimes()
    clocks = watched(times, [(1.0, 25.0), (2.0, 50.0)])
    short = replace(USUAL, step=3.0)
    assert times.budgets((KIND,), short, clocks).step == 3.0


def test_where_one_rise_was_seen_it_holds_what_came_before_it() -> None:
    times = StepTimes()
    assert step_of(times, watched(times, [(40.0, 50.0)])) == SURE + 2 * 40.0


@given(st.lists(st.floats(0.01, 30.0), min_size=6, max_size=20), st.floats(0.0, 1.0))
def test_a_job_is_not_stalled_by_a_pause_that_was_seen_before(
    pauses: list[float], part: float
) -> None:
    times, at, seen = StepTimes(), 0.0, []
    for n, pause in enumerate(pauses):
        at += pause
        seen.append((at, 5.0 * (n + 1)))
    clocks = watched(times, [(t, p) for t, p in seen if p < 100])
    longest = max(pauses[1:-1] or [0.0])
    patient = replace(USUAL, total=1e6, silence=1e6)
    budget = times.budgets((KIND,), patient, clocks)
    assert not clocks.life(clocks.moved + part * longest, budget).hung


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_job_that_begins_anew_teaches_nothing(attempt: int) -> None:
    times = StepTimes()
    before = Clocks.started(0.0).heard_at(1.0, "processing", 90.0)
    after = before.heard_at(2.0, "queued", None) if attempt == 2 else before
    times.saw((KIND,), 20, before, after)
    assert step_of(times, after) == USUAL.step
