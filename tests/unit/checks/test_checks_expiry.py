"""EXP on hand-written histories: what each check reports, and what it is blind to."""

from typing import Any

import pytest

from asyncproof.checks import expiry
from asyncproof.harness.verdict import Outcome, judge
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Delivered,
    Polled,
    RunStarted,
    Submitted,
)
from asyncproof.workload.expiries import EXPIRY, Expiry
from tests.support.histories import (
    Family,
    a_history,
    good_job,
    scenario,
    spoiled,
    without,
)

FAMILY = Family(
    expiry.delivered_before_expiry,
    expiry.nothing_after_expiry,
    expiry.nothing_once_expired,
    expiry.offsets_are_understood,
    expiry.naive_expiries_break_nothing,
    expiry.malformed_expiries_are_refused,
    expiry.expiry_is_told,
    expiry.expiry_leaves_the_job_alone,
)
BEGAN = RunStarted(at=0.0, run="r", seed=1, wall=1767225600.0, target="t", settings={})


def delivered(kind: Expiry, **end: Any) -> list[AsyncEvent]:
    """A job of this kind that was delivered 1.4 s after it was submitted."""
    events = spoiled(good_job(), Submitted, tags={EXPIRY: kind}, request=asked())
    return spoiled(events, Polled, **{"completed_at": "2026-01-01T00:00:01.300Z", **end})


def asked(at: str = "2026-01-01T00:00:01Z") -> dict[str, Any]:
    return {"expiry": at}


def expired(kind: Expiry, status: str = "expired", **end: Any) -> list[AsyncEvent]:
    """A job of this kind that was not delivered."""
    section = CallbackSection(status=status)
    return without(delivered(kind, callback=section, **end), Delivered)


def refused(kind: Expiry, code: int = 422) -> list[AsyncEvent]:
    return spoiled(delivered(kind)[:2], Answered, status_code=code, job_id=None)


ROWS: list[tuple[list[AsyncEvent], str]] = [
    (delivered(Expiry.AHEAD), ""),
    (expired(Expiry.AHEAD), "EXP-1"),
    (expired(Expiry.AHEAD, "skipped"), "EXP-1"),
    (expired(Expiry.AHEAD, "failed"), ""),
    (refused(Expiry.AHEAD), "EXP-1"),
    (expired(Expiry.PAST), ""),
    (delivered(Expiry.PAST), "EXP-2"),
    (refused(Expiry.PAST), ""),
    (expired(Expiry.PAST, "skipped"), "EXP-7"),
    (expired(Expiry.PAST, "delivered"), "EXP-7"),
    (spoiled(expired(Expiry.PAST), Polled, status="failed", job_error="expired"), "EXP-8"),
    (expired(Expiry.PASSING), ""),
    (delivered(Expiry.PASSING), "EXP-3"),
    (delivered(Expiry.PASSING, completed_at="2026-01-01T00:00:00.900Z"), ""),
    (delivered(Expiry.PASSING, completed_at="2026-01-01T00:00:02Z"), ""),
    (delivered(Expiry.PASSING, completed_at="2026-01-01T02:00:01.300Z"), ""),
    (delivered(Expiry.PASSING, completed_at=None), ""),
    (spoiled(delivered(Expiry.PASSING), Delivered, began=0.9), ""),
    (spoiled(expired(Expiry.PASSING), Polled, status="failed"), ""),
    (delivered(Expiry.OFFSET_AHEAD), ""),
    (expired(Expiry.OFFSET_AHEAD), "EXP-4"),
    (refused(Expiry.OFFSET_AHEAD), "EXP-4"),
    (expired(Expiry.OFFSET_PAST), ""),
    (delivered(Expiry.OFFSET_PAST), "EXP-4"),
    (delivered(Expiry.NAIVE_AHEAD), ""),
    (refused(Expiry.NAIVE_AHEAD), ""),
    (refused(Expiry.NAIVE_AHEAD, 500), "EXP-5"),
    (expired(Expiry.NAIVE_AHEAD), "EXP-5"),
    (delivered(Expiry.NAIVE_PAST), "EXP-5"),
    (refused(Expiry.NAIVE_PAST), ""),
    (refused(Expiry.NAIVE_PAST, 500), "EXP-5"),
    (refused(Expiry.MALFORMED), ""),
    (refused(Expiry.MALFORMED, 500), "EXP-6"),
    (delivered(Expiry.MALFORMED), "EXP-6"),
]


@pytest.mark.parametrize(("events", "clause"), ROWS)
def test_each_defect_is_reported_by_its_clause_and_by_no_other(
    events: list[AsyncEvent], clause: str
) -> None:
    verdict = judge(build([BEGAN, *scenario(events)]), FAMILY.checks)
    assert not [result.crash for result in verdict.results if result.crash]
    assert {finding.clause for finding in verdict.findings} == set(filter(None, [clause]))


def test_every_check_of_the_family_reports_something() -> None:
    assert {clause for _, clause in ROWS if clause} == FAMILY.clauses


def test_a_miner_that_refuses_what_has_expired_owes_nothing_more() -> None:
    for check in (expiry.nothing_after_expiry, expiry.expiry_is_told):
        assert FAMILY.outcome(check, refused(Expiry.PAST)) is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(("error", "others", "broken"), [("", True, True), ("", False, False)])
def test_a_job_that_failed_is_blamed_on_its_expiry_only_where_others_were_done(
    error: str, others: bool, broken: bool
) -> None:
    """An engine that is dead fails jobs of every expiry."""
    failed = spoiled(expired(Expiry.PASSING), Polled, status="failed", job_error=error)
    beside = [good_job("job_002", at=0.1)] if others else []
    result = expiry.expiry_leaves_the_job_alone(a_history(failed, *beside))
    assert bool(result.findings) is broken
    assert others or result.outcome is Outcome.NOT_APPLICABLE


EARLY = spoiled(delivered(Expiry.PASSING), Delivered, began=0.9)
DONE_JUST_THEN = expired(Expiry.PASSING, completed_at="2026-01-01T00:00:01.001Z")
DONE_EARLY = delivered(Expiry.PASSING, completed_at="2026-01-01T00:00:00.900Z")


@pytest.mark.parametrize("events", [EARLY, DONE_JUST_THEN, DONE_EARLY])
def test_a_miner_that_is_faster_than_the_expiry_owes_nothing(events: list[AsyncEvent]) -> None:
    verdict = judge(build([BEGAN, *scenario(events)]), [expiry.nothing_once_expired])
    assert [result.outcome for result in verdict.results] == [Outcome.NOT_APPLICABLE]


def test_one_job_that_was_still_at_work_is_judged_whatever_the_others_did() -> None:
    late = delivered(Expiry.PASSING)
    early = spoiled(good_job("job_002", at=0.1), Submitted, tags={EXPIRY: Expiry.PASSING})
    result = judge(build([BEGAN, *scenario([*early, *late])]), [expiry.nothing_once_expired])
    assert {finding.clause for finding in result.findings} == {"EXP-3"}
