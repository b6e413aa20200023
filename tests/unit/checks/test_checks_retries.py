"""A retry that a profile promises, on small hand-written histories: what is found, and what is not.

The callback of the job is failed by our receiver at 1.5 s, and the run goes on for a minute.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from asyncproof.checks import delivery, retrying
from asyncproof.facts.causes import explained
from asyncproof.harness.verdict import CheckResult, Finding, Outcome
from asyncproof.history.build import build
from asyncproof.history.events import (
    ActKind,
    AsyncEvent,
    Delivered,
    FellBehind,
    NemesisActed,
    RunEnded,
    RunStarted,
    Spoken,
)
from asyncproof.history.history import History
from asyncproof.liveness.promised_retries import LONGEST_PROMISE, retry_wait
from tests.support.histories import Family, good_job, scenario

FAMILY = Family(retrying.promised_retries_come)
(TAKEN,) = [event for event in good_job() if isinstance(event, Delivered)]
ENDS = 60.0
PROMISED = 10.0  # so that 20 s are granted
DUE = TAKEN.at + 20.0


def attempt(began: float, took: float = 0.1, **changes: Any) -> Delivered:
    """A callback; without changes one that was taken honestly."""
    return msgspec.structs.replace(TAKEN, began=began, at=began + took, **changes)


def failed(answered: int | None = 503, **changes: Any) -> Delivered:
    """The first attempt, with what our receiver answered on purpose."""
    hostile = {"nemesis": "AnswersError(status=503)", "answered": answered}
    return attempt(TAKEN.began, **(hostile | changes))


def a_run(
    *attempts: Delivered,
    promised: float | None = PROMISED,
    until: float = ENDS,
    beside: Sequence[AsyncEvent] = (),
    **request: Any,
) -> History:
    spoken = Spoken(name="x", submit="POST /x", retry_within=promised)
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=spoken)
    job = [event for event in good_job(**request) if not isinstance(event, Delivered)]
    *events, ended = scenario([*job, *attempts, *beside])
    return build([began, *events, msgspec.structs.replace(ended, at=until), RunEnded(at=99.0)])


def judged(history: History) -> CheckResult:
    result = retrying.promised_retries_come(history)
    assert not result.crash, result.crash
    return result


def the_finding(history: History) -> Finding:
    (finding,) = judged(history).findings
    return finding


KEPT = [
    ("soon", [failed(), attempt(3.0)]),
    ("as late as is granted", [failed(), attempt(DUE)]),
    ("not at all, as the first one was taken", [attempt(TAKEN.began)]),
    ("failed again", [failed(), attempt(3.0, answered=503, nemesis="x")]),
    ("before we gave up the first", [failed(None, took=8.0), attempt(4.0, answered=503)]),
    ("refused, as its secret is wrong", [failed(), attempt(3.0, answered=401)]),
]


@pytest.mark.parametrize(("name", "attempts"), KEPT, ids=[name for name, _ in KEPT])
def test_a_retry_that_came_is_no_finding(name: str, attempts: list[Delivered]) -> None:
    assert not judged(a_run(*attempts)).findings


def test_a_retry_that_never_comes_is_found_with_what_to_do() -> None:
    history = a_run(failed())
    finding = the_finding(history)
    assert finding.clause == "CBK-32"
    assert finding.job == "job_001"
    assert finding.subject == "job_001 (id-job_001)"
    assert "within 10 s" in finding.expected
    assert finding.actual == "no other attempt in 20.0 s after our receiver answered 503"
    assert "send it again after a pause" in finding.advice
    assert "retry_within" in finding.advice
    assert finding.cause == "no retry"


def test_a_broken_connection_is_named_as_that() -> None:
    reset = failed(None, broken="reset by us after 16384 bytes of the body")
    actual = the_finding(a_run(reset)).actual
    assert "our receiver gave no answer (reset by us after 16384 bytes of the body)" in actual


def test_a_retry_that_comes_later_than_twice_the_promise_is_found() -> None:
    finding = the_finding(a_run(failed(), attempt(DUE + 3.0)))
    assert finding.actual == "the next attempt 23.0 s after our receiver answered 503"
    assert finding.cause == "a retry later than promised"


DOWN = [
    NemesisActed(at=5.0, nemesis="x", act="", kind=ActKind.REFUSES_CONNECTIONS),
    NemesisActed(at=6.0, nemesis="x", act="", kind=ActKind.ACCEPTS_AGAIN),
]
LATE_OURSELVES = [FellBehind(at=20.0, since=2.0, worst=9.0, polls=50)]
NOT_JUDGED: list[tuple[str, History, str]] = [
    ("no promise", a_run(failed(), promised=None), "does not promise"),
    ("a promise for later", a_run(failed(), promised=61.0), "within 61 s, and a run waits"),
    ("nothing was failed", a_run(attempt(TAKEN.began)), "failed no callback on purpose"),
    ("refused with 404", a_run(failed(404)), "failed no callback on purpose"),
    ("moved", a_run(failed(307)), "failed no callback on purpose"),
    ("failed by nobody", a_run(failed(nemesis="")), "failed no callback on purpose"),
    ("sent again after it was taken", a_run(attempt(1.0), failed()), "failed no callback"),
    ("the run was over", a_run(failed(), until=DUE - 1.0), "the run ended 19.0 s after"),
    (
        "a retry that may still be held",
        a_run(failed(None, took=30.0), until=TAKEN.began + 60.0),
        "the run ended 30.0 s after",
    ),
    ("our receiver was down", a_run(failed(), beside=DOWN), "our receiver was down"),
    ("we were late", a_run(failed(), until=DUE + 5.0, beside=LATE_OURSELVES), "the run ended"),
    (
        "it expired before",
        a_run(failed(), expiry="1970-01-01T00:00:05Z"),
        "expired before the retry was due",
    ),
    ("a strange expiry", a_run(failed(), expiry="soon"), "expired before the retry was due"),
]


@pytest.mark.parametrize(("name", "history", "why"), NOT_JUDGED, ids=[n for n, *_ in NOT_JUDGED])
def test_where_nothing_is_known_nobody_is_accused_and_the_reason_is_told(
    name: str, history: History, why: str
) -> None:
    result = judged(history)
    if name in ("nothing was failed", "sent again after it was taken"):
        assert not result.findings
    assert result.outcome is Outcome.NOT_APPLICABLE
    assert why in result.reason


def test_an_expiry_after_the_retry_excuses_nothing() -> None:
    assert judged(a_run(failed(), expiry="1970-01-01T01:00:00Z")).findings


@pytest.mark.parametrize(
    ("promised", "granted"), [(None, None), (1, 6), (10, 20), (LONGEST_PROMISE, 120), (61, None)]
)
def test_twice_the_promise_is_granted_and_five_seconds_at_least(
    promised: float | None, granted: float | None
) -> None:
    assert retry_wait(promised) == granted


DOUBLES = [
    ("a retry after an error", [failed(), attempt(3.0)], 0),
    ("a retry after a broken connection", [failed(None), attempt(3.0)], 0),
    ("and one more after it was taken", [failed(), attempt(3.0), attempt(5.0)], 1),
]


@pytest.mark.parametrize(("name", "attempts", "found"), DOUBLES, ids=[n for n, *_ in DOUBLES])
def test_a_retry_is_no_double_and_a_repeat_of_what_was_taken_is_one(
    name: str, attempts: list[Delivered], found: int
) -> None:
    assert len(delivery.one_delivery_per_job(a_run(*attempts)).findings) == found


def test_a_retry_that_went_to_another_url_is_told_by_that() -> None:
    """Nothing is missing twice."""
    other = msgspec.structs.replace(attempt(3.0), token="token-job_002", number=2)
    spoken = Spoken(name="x", submit="POST /x", retry_within=PROMISED)
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=spoken)
    job = [event for event in good_job() if not isinstance(event, Delivered)]
    *jobs, ended = scenario([*job, failed(), other], good_job("job_002", at=0.1))
    history = build([began, *jobs, msgspec.structs.replace(ended, at=ENDS)])
    lost = judged(history)
    assert [finding.job for finding in lost.findings] == ["job_001"]
    cause = Finding("CBK-3", "job_001", "", "", job="job_001")
    strayed = CheckResult("x", ("CBK-3",), 1, (cause,))
    (echo,) = explained([strayed, lost], history)[1].findings
    assert echo.because == "CBK-3"
