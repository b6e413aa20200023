"""The last judgement: only what came after the verdict on its scenario is reported there."""

import msgspec
import pytest

from tests.e2e.async_inference.checks import BY_NAME
from tests.e2e.async_inference.events import (
    AsyncEvent,
    Delivered,
    Judged,
    Polled,
    RunEnded,
    ScenarioStarted,
    Submitted,
)
from tests.e2e.async_inference.expiries import EXPIRY, Expiry
from tests.e2e.async_inference.rejudge import verdict_of
from tests.e2e.async_inference.whole_run import WHOLE_RUN, judged_as_a_whole
from tests.unit.async_inference.histories import good_job, scenario, spoiled, without

VERDICT = Judged(at=3.0, scenario="made up", checks=("one_delivery_per_job",))


def callback(at: float, **changes: object) -> AsyncEvent:
    first = next(e for e in good_job("job_001") if isinstance(e, Delivered))
    return msgspec.structs.replace(first, number=9, began=at - 0.1, at=at, **changes)


def clauses(*later: AsyncEvent, before: tuple[AsyncEvent, ...] = ()) -> list[str]:
    run = [*scenario([*good_job("job_001"), *before]), VERDICT, *later]
    return [f.clause for result in judged_as_a_whole(run, {}) for f in result.findings]


def test_a_callback_again_after_the_verdict_is_a_duplicate() -> None:
    assert clauses(callback(5.0)) == ["CBK-4"]


def test_what_the_verdict_has_seen_is_not_told_again() -> None:
    assert clauses(before=(callback(1.9),)) == []


def test_a_callback_of_no_job_between_two_scenarios_is_an_orphan() -> None:
    stray = callback(5.0, token=None, path="/callback", fields={"job_id": "ghost"})
    assert clauses(stray) == ["CBK-25"]


def polled_again(at: float, status: str) -> AsyncEvent:
    end = next(e for e in reversed(good_job("job_001")) if isinstance(e, Polled))
    return msgspec.structs.replace(end, at=at, status=status)


def test_an_end_that_is_taken_back_after_the_verdict_is_told() -> None:
    assert clauses(polled_again(5.0, "failed")) == ["POL-3"]
    assert clauses(polled_again(5.0, "completed")) == []


def test_an_end_that_was_taken_back_before_the_verdict_is_not_told_again() -> None:
    assert clauses(polled_again(6.0, "failed"), before=(polled_again(2.5, "failed"),)) == []


@pytest.mark.parametrize(
    ("kind", "clause"),
    [
        (Expiry.PAST, "EXP-2"),
        (Expiry.OFFSET_PAST, "EXP-4"),
        (Expiry.NAIVE_PAST, "EXP-5"),
    ],
)
def test_an_expired_callback_that_comes_after_the_verdict_is_told(
    kind: Expiry, clause: str
) -> None:
    expired = without(good_job("job_001"), Delivered)
    expired = spoiled(expired, Submitted, tags={EXPIRY: kind})
    run = [*scenario(expired), VERDICT]
    for later, expected in (([], []), ([callback(5.0)], [clause])):
        results = judged_as_a_whole([*run, *later], {})
        assert [f.clause for result in results for f in result.findings] == expected


def test_an_orphan_during_a_scenario_is_left_to_it() -> None:
    stray = callback(5.0, token=None, path="/callback", fields={"job_id": "ghost"})
    begun = ScenarioStarted(at=4.0, name="next", nemesis="Quiet", jobs=1, shape="x")
    assert clauses(begun, stray) == []


def test_a_straggler_during_a_later_scenario_is_told() -> None:
    begun = ScenarioStarted(at=4.0, name="next", nemesis="Quiet", jobs=1, shape="x")
    assert clauses(begun, callback(5.0)) == ["CBK-4"]


def test_a_run_without_callbacks_has_nothing_to_be_judged_at_the_end() -> None:
    assert judged_as_a_whole([], {}) == ()


def test_old_evidence_is_judged_as_a_whole_again() -> None:
    last = Judged(at=6.0, scenario=WHOLE_RUN, checks=tuple(BY_NAME))
    run = [*scenario(good_job("job_001")), VERDICT, callback(5.0), last, RunEnded(at=7.0)]
    assert [f.clause for f in verdict_of(run, {}).findings] == ["CBK-4"]
