"""The clocks of one process: every hang is found in time, nothing healthy is ever touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.miner.messages import State
from reference.miner.supervision.clocks import (
    Budgets,
    Condition,
    Process,
    assigned,
    budget_of,
    judge,
    launched,
    observed,
    shifted,
)
from tests.unit.reference.cases import BUDGET, HANGS, HEALTHY, TICK, Case, flagged
from tests.unit.reference.detectors import (
    AnyChangeRule,
    Detector,
    HeartbeatOnlyRule,
    LastGapRule,
    OriginalRule,
    Ours,
)


@pytest.mark.parametrize("case", HANGS, ids=str)
def test_a_hang_is_found_within_its_budget_and_two_ticks_and_never_earlier(case: Case) -> None:
    """Whatever the percentage, with and without heartbeats."""
    at = flagged(Ours(BUDGET), case)
    assert case.since is not None
    assert at is not None
    assert case.since + BUDGET < at <= case.since + BUDGET + 2 * TICK


@pytest.mark.parametrize("case", HEALTHY, ids=str)
def test_healthy_work_is_never_touched(case: Case) -> None:
    """However slow, bursty or silent about its percentage."""
    assert flagged(Ours(BUDGET), case) is None


@pytest.mark.parametrize(
    ("wrong", "missed", "accused"),
    [
        (OriginalRule, "hang at 50 %, beating", None),
        (LastGapRule, "hang at 25 %, silent", None),
        (HeartbeatOnlyRule, "hang at 99 %, beating", None),
        (AnyChangeRule, "swings 40-41", "no percentage at all"),
    ],
)
def test_each_known_wrong_detector_is_caught_by_the_table(
    wrong: type[Detector], missed: str, accused: str | None
) -> None:
    """It misses a hang, finds one too late, or ends healthy work."""

    def right(case: Case) -> bool:
        at = flagged(wrong(BUDGET), case)
        if case.since is None or at is None:
            return case.since is None and at is None
        return case.since + BUDGET < at <= case.since + BUDGET + 2 * TICK

    caught_by = {case.name for case in [*HANGS, *HEALTHY] if not right(case)}
    assert {missed, accused} - {None} <= caught_by


PROGRESS_TABLE = [
    ("complete hang", 0, False, Condition.DEAD),
    ("stalled at 1 %", 1, True, Condition.STALLED),
    ("stalled at 25 %", 25, True, Condition.STALLED),
    ("stalled at 50 %", 50, True, Condition.STALLED),
    ("stalled at 99 %", 99, True, Condition.STALLED),
]


@pytest.mark.parametrize(("name", "percent", "beating", "expected"), PROGRESS_TABLE)
def test_the_published_table_of_hangs_holds(
    name: str, percent: int, beating: bool, expected: Condition
) -> None:
    """Last heartbeat 2 s ago, last progress 10 s ago, threshold 5 s: found, and rightly named."""
    detector = Ours(5.0)
    detector.hears(10.0, float(percent))
    if beating:
        detector.hears(18.0, float(percent))
    assert detector.condition(20.0) is expected, name


def test_normal_progress_is_not_flagged() -> None:
    """The last row of the published table."""
    detector = Ours(5.0)
    for second in range(100):
        detector.hears(float(second), float(second))
        assert detector.condition(float(second)) is Condition.FINE


gaps = st.lists(st.floats(0.01, BUDGET - 0.01), min_size=1, max_size=40)


@given(gaps, st.floats(1.001, 50))
def test_any_course_with_steps_inside_the_budget_is_fine_and_then_its_hang_is_found(
    steps: list[float], over: float
) -> None:
    """Rising at least once in every budget is never stuck; one budget after the last rise is."""
    detector, at = Ours(BUDGET), 0.0
    for number, gap in enumerate(steps):
        assert not detector.stuck(at + gap)
        at += gap
        detector.hears(at, 100 * (number + 1) / (len(steps) + 1))
    assert not detector.stuck(at + BUDGET - 0.001)
    assert detector.stuck(at + BUDGET + over)


@given(st.lists(st.floats(0, 99), min_size=2, max_size=30))
def test_nothing_under_the_high_water_mark_counts_as_progress(percents: list[float]) -> None:
    """The progress clock only goes back to zero when the maximum rises."""
    detector, at, highest, risen = Ours(BUDGET), 0.0, 0.0, 0.0
    for percent in percents:
        at += 1.0
        if percent > highest:
            highest, risen = percent, at
        detector.hears(at, percent)
    assert detector.process.risen == risen
    assert detector.process.mark == max(percents)


STAGES = [
    (State.STARTING, 80.0),
    (State.PRELOADING, 80.0),
    (State.DOWNLOADING, 121.0),
    (State.POST_PROCESSING, 60.0),
    (State.COMPLETE, 60.0),
    (State.FAILED, 60.0),
]


@pytest.mark.parametrize(("stage", "budget"), STAGES, ids=str)
@pytest.mark.parametrize("beating", [False, True], ids=["silent", "beating"])
def test_each_stage_has_its_own_budget(stage: State, budget: float, beating: bool) -> None:
    """A stage that does not end is found by the time since it began, heartbeats or not."""
    process = observed(launched(1, 10.0), stage, None, 10.0)
    if beating:
        process = observed(process, stage, None, 10.0 + budget - 1)
    expected = Condition.STALLED if beating else Condition.DEAD
    assert judge(process, Budgets(), 10.0 + budget).condition is Condition.FINE
    assert judge(process, Budgets(), 10.1 + budget).condition is expected


def inferring(mark: float | None = None, at: float = 0.0) -> Process:
    """A process mid inference since time 0."""
    process = observed(assigned(launched(1, 0.0), "j", "base", 0.0), State.INFERRING, None, 0.0)
    return process if mark is None else observed(process, State.INFERRING, mark, at)


@pytest.mark.parametrize(
    ("process", "budget"),
    [
        (inferring(), 90.0),
        (inferring(0.0), 90.0),
        (inferring(1.0, 5.0), 15.0),
        (inferring(99.0, 5.0), 15.0),
        (inferring(100.0, 5.0), 60.0),
        (observed(inferring(), State.INFERRING, None, 5.0), 15.0),
    ],
)
def test_the_first_step_and_the_last_have_budgets_of_their_own(
    process: Process, budget: float
) -> None:
    """90 s to the first step, then the step timeout, and 60 s from 100 % to the result."""
    assert budget_of(process, Budgets(step=15.0)) == budget


def test_the_first_step_budget_gives_way_to_a_larger_step_budget() -> None:
    """Nobody waits less for the first step than for the others."""
    assert budget_of(inferring(), Budgets(step=600.0)) == 600.0


def test_an_idle_process_owes_nothing_until_it_has_a_job() -> None:
    """A job given to a process that was silent while idle starts its clock, not before."""
    idle = observed(launched(1, 0.0), State.WAITING, None, 1.0)
    busy = assigned(idle, "j", "base", 250.0)
    budgets = Budgets(step=5.0, first_step=5.0)
    assert judge(idle, budgets, 250.0).condition is Condition.FINE
    assert judge(busy, budgets, 255.0).condition is Condition.FINE
    assert judge(busy, budgets, 255.1).condition is Condition.DEAD
    assert judge(idle, budgets, 301.1).condition is Condition.DEAD


def test_a_job_without_a_percentage_is_judged_by_silence_and_total_only() -> None:
    """Heartbeats alone keep it alive until the total is used up."""
    process, budgets = inferring(), Budgets(step=5.0, first_step=5.0, total=100.0)
    for second in range(101):
        process = observed(process, State.INFERRING, None, float(second))
        assert judge(process, budgets, float(second)).condition is Condition.FINE
    process = observed(process, State.INFERRING, None, 101.0)
    assert judge(process, budgets, 101.0).condition is Condition.OVERTIME


@given(st.floats(0.1, 5.0), st.floats(60.0, 3000.0))
def test_slow_is_a_rate_and_not_a_hang(rate: float, spent: float) -> None:
    """Under 1 % a minute it is slow, from there on fine, and never stuck while it moves."""
    process = observed(inferring(), State.INFERRING, rate * spent / 60, spent)
    condition = judge(process, Budgets(step=1e6, total=1e6), spent).condition
    assert condition is (Condition.SLOW if rate * spent / 60 * 60 < spent else Condition.FINE)


@given(st.floats(0, 1e6))
def test_clocks_stand_still_while_nobody_could_hear(gap: float) -> None:
    """Shifting a process by the gap gives the diagnosis from before the gap."""
    process = inferring(42.0, 5.0)
    before, after = (
        judge(process, Budgets(), 20.0),
        judge(shifted(process, gap, 20 + gap), Budgets(), 20 + gap),
    )
    assert after.condition is before.condition
    assert after.silent == pytest.approx(before.silent, abs=1e-6)
    assert after.still == pytest.approx(before.still, abs=1e-6)
