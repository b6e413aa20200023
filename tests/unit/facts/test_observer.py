"""A finding about time counts only where it is more than our own delay."""

from dataclasses import replace
from typing import Any

import pytest

from asyncproof.checks.liveness import every_job_stays_in_sight
from asyncproof.facts.observer import doubt, without_weak
from asyncproof.harness.verdict import CheckResult, Finding, Outcome, judge
from asyncproof.history.build import build
from asyncproof.history.events import (
    AsyncEvent,
    FellBehind,
    GaveUp,
    Polled,
    RunStarted,
    ScenarioEnded,
)
from asyncproof.history.history import History
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.run.late_checks import judged_as_a_whole
from asyncproof.settings import Settings
from tests.support.histories import good_job, scenario

SILENCE = 60.0
FOUND = Finding("LIV-1", "job_001", "an answer", "none", job="job_001")


def given_up(silent: float, *beside: AsyncEvent, **found: Any) -> History:
    return build(events_of(silent, *beside, **found))


def events_of(
    silent: float,
    *beside: AsyncEvent,
    life: JobHealth = JobHealth.DEAD,
    over: float | None = None,
) -> list[AsyncEvent]:
    """A job that was given up after so many seconds of silence. A history of before version 0.1
    does not say how far ``over`` its limit a clock was."""
    found = Diagnosis(
        life=life,
        over=over,
        stage=Stage.STEPPING,
        progress=50.0,
        silent=silent,
        still=silent,
        total=silent,
        pace=None,
    )
    gave_up = GaveUp(
        at=100.0,
        job="job_001",
        waiting_for="a terminal state",
        last_state="processing",
        waited=90.0,
        diagnosis=found,
    )
    settings = Settings(silence_timeout=SILENCE).described()
    started = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="http://m", settings=settings)
    unheard = Polled(at=99.0, job="job_001", took=30.0, error="no answer within 30 s")
    return [started, *scenario(good_job()[:4])[:-1], *beside, unheard, gave_up]


@pytest.mark.parametrize(("silent", "late", "weak"), [(60.5, 1.0, True), (61.5, 1.0, False)])
def test_a_silence_that_is_our_own_delay_proves_nothing(
    silent: float, late: float, weak: bool
) -> None:
    history = given_up(silent, FellBehind(at=70.0, since=69.0, worst=late, polls=5))
    assert bool(doubt(history, FOUND)) is weak


@pytest.mark.parametrize("life", [JobHealth.STALLED, JobHealth.OVERDUE, JobHealth.DEAD])
@pytest.mark.parametrize(("over", "weak"), [(0.001, False), (-0.4, True)])
def test_what_an_answer_shows_is_no_less_certain_where_it_was_asked_for_late(
    life: JobHealth, over: float, weak: bool
) -> None:
    """A job that was still at work when its time was up never ended in time, however late we are;
    one that was last seen before may have."""
    late = FellBehind(at=70.0, since=69.0, worst=5.0, polls=5)
    told = doubt(given_up(60.5, late, life=life, over=over), FOUND)
    assert bool(told) is weak
    assert not weak or "last seen 0.40 s before the limit" in told
    assert not doubt(given_up(60.5, life=life, over=over), FOUND)


def test_a_delay_at_another_time_does_not_matter() -> None:
    assert not doubt(given_up(60.5, FellBehind(at=20.0, since=19.0, worst=9.0, polls=5)), FOUND)


def test_without_a_delay_nothing_is_in_doubt() -> None:
    assert not doubt(given_up(60.001), FOUND)


def test_what_is_no_matter_of_time_is_never_in_doubt() -> None:
    history = given_up(60.5, FellBehind(at=70.0, since=69.0, worst=9.0, polls=5))
    assert not doubt(history, replace(FOUND, clause="CBK-4"))


def test_what_is_weak_is_a_doubt_and_the_rest_stays_a_finding() -> None:
    history = given_up(60.5, FellBehind(at=70.0, since=69.0, worst=1.0, polls=5))
    other = replace(FOUND, clause="CBK-4")
    result = without_weak(CheckResult("c", ("LIV-1",), 2, (FOUND, other)), history)
    assert result.findings == (other,)
    (told,) = result.doubts
    assert "0.50 s over the limit" in told
    assert "1.00 s late" in told


def test_a_run_and_its_recheck_are_inconclusive_about_what_is_weak() -> None:
    late = FellBehind(at=70.0, since=69.0, worst=1.0, polls=5)
    history = given_up(60.5, late)
    assert judge(history, [every_job_stays_in_sight]).findings
    results = judged_as_a_whole([*events_of(60.5, late), ScenarioEnded(at=101.0, name="s")], {})
    (silent,) = [r for r in results if r.check == every_job_stays_in_sight.name]
    assert silent.outcome is Outcome.INCONCLUSIVE


def test_a_check_with_doubts_alone_is_inconclusive() -> None:
    weak = CheckResult("c", ("LIV-1",), 9, doubts=("seen 0.1 s over the limit",))
    assert weak.outcome is Outcome.INCONCLUSIVE
    assert replace(weak, findings=(FOUND,)).outcome is Outcome.FAIL
