"""POL on hand-written histories: what each check reports, and what it is blind to."""

from typing import Any

import msgspec
import pytest

from asyncproof.checks import polling, progress, timestamps
from asyncproof.harness.verdict import Outcome, judge
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Polled,
    RunStarted,
    Spoken,
    Unchanged,
)
from tests.support.histories import (
    Family,
    Spoil,
    good_job,
    plus,
    scenario,
    spoiled,
)

FAMILY = Family(
    polling.status_words_are_legal,
    polling.order_never_goes_backwards,
    polling.terminal_is_final,
    progress.progress_is_a_percentage,
    progress.progress_does_not_fall,
    timestamps.the_end_has_a_time,
    timestamps.times_are_iso_8601,
    timestamps.times_have_an_offset,
    timestamps.times_are_plausible,
    polling.answers_are_for_the_right_job,
    polling.every_poll_is_answered,
    polling.failures_are_explained,
    polling.status_answers_quickly,
    polling.no_job_is_answered_slowly,
)


def polled(at: float, status: str, **fields: Any) -> Spoil:
    poll: dict[str, Any] = {"took": 0.01, "status_code": 200} | fields
    return plus(Polled(at=at, job="job_001", status=status, **poll))


def last(**changes: Any) -> Spoil:
    return lambda events: spoiled(events, Polled, **changes)


def submission(status: str, **changes: Any) -> Spoil:
    return lambda events: spoiled(events, Answered, status=status, **changes)


def at_once(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """A job that was complete when it was submitted, and says so from the first answer on."""
    working = ("queued", "processing")
    kept = [e for e in events if not (isinstance(e, Polled) and e.status in working)]
    return submission("completed")(kept)


def attempted(text: str) -> Spoil:
    section = CallbackSection(status="delivered", attempted_at=text)
    return last(callback=section)


def late(took: float) -> Spoil:
    return plus(Unchanged(at=1.6, job="job_001", since=1.0, count=3, slowest=took))


SPOILED: list[tuple[str, Spoil, set[str]]] = [
    ("correct", lambda e: e, set()),
    ("unknown word", last(status="done"), {"POL-1"}),
    ("queued again", polled(1.0, "queued"), {"POL-2"}),
    ("completed by the submission, then queued", submission("completed"), {"POL-2"}),
    ("failed by the submission, then queued", submission("failed"), {"POL-2"}),
    ("processing by the submission, then queued", submission("processing"), {"POL-2"}),
    ("a strange word in the submission", submission("accepted"), set()),
    ("no word in the submission", submission(""), set()),
    ("an older answer that comes late", polled(1.0, "queued", took=0.5), set()),
    ("processing after the end", polled(2.0, "processing"), {"POL-3"}),
    ("failed after completed", polled(2.0, "failed", job_error="x"), {"POL-3"}),
    ("done when it was submitted", at_once, set()),
    ("completed again", polled(2.0, "completed", completed_at="2026-01-01T00:00:01Z"), set()),
    ("progress 101", polled(1.0, "processing", progress=101), {"POL-4"}),
    ("progress -1", polled(1.0, "processing", progress=-1), {"POL-4", "POL-5"}),
    ("progress 100", polled(1.0, "processing", progress=100), set()),
    ("progress falls", polled(1.0, "processing", progress=49), {"POL-5"}),
    ("progress in an older answer", polled(1.0, "processing", progress=49, took=0.5), set()),
    ("no progress any more", polled(1.0, "processing"), set()),
    ("progress gone at the end", last(progress=0), set()),
    ("no time of the end", last(completed_at=None), {"POL-6"}),
    (
        "failed_at",
        last(status="failed", completed_at=None, failed_at="2026-01-01T00:00:01Z", job_error="x"),
        set(),
    ),
    ("a number of seconds", last(completed_at="1767225601.5"), {"POL-7"}),
    ("a date only", last(completed_at="2026-01-01"), {"POL-7"}),
    ("attempted in words", attempted("yesterday"), set()),
    ("attempted with an offset", attempted("2026-01-01T02:00:01.123456+02:00"), set()),
    ("lower case", last(completed_at="2026-01-01t00:00:01z"), set()),
    ("whole minutes without an offset", last(completed_at="2026-01-01T00:00"), {"POL-8"}),
    ("attempted without an offset", attempted("2026-01-01T00:00:01"), {"POL-8"}),
    ("two hours late", last(completed_at="2026-01-01T02:00:01Z"), {"POL-9"}),
    ("two hours early", last(completed_at="2025-12-31T22:00:01Z"), {"POL-9"}),
    ("two minutes late", last(completed_at="2026-01-01T00:02:01Z"), set()),
    ("ended before it began", last(started_at="2026-01-01T00:00:03Z"), {"POL-9"}),
    ("began in words", last(started_at="just now"), set()),
    ("the id that was asked for", last(job_id="id-job_001"), set()),
    ("another job's status", last(job_id="id-job_002"), {"POL-10"}),
    ("poll answered 500", polled(1.0, "", status_code=500), {"POL-11"}),
    ("failed without a reason", last(status="failed"), {"POL-12"}),
    ("failed with a blank reason", last(status="failed", job_error=" "), {"POL-12"}),
    ("failed with a reason", last(status="timeout", job_error="too slow"), set()),
    ("one slow answer of one job", late(9.0), set()),
]


def a_run(events: list[AsyncEvent], beside: list[AsyncEvent]) -> list[AsyncEvent]:
    """Both jobs in a run that began at midnight of the first of January."""
    began = RunStarted(at=0.0, run="r", seed=1, wall=1767225600.0, target="t", settings={})
    return [began, *scenario(events, beside)]


def reported(events: list[AsyncEvent], beside: list[AsyncEvent] | None = None) -> set[str]:
    history = build(a_run(events, beside or good_job("job_002", at=0.1)))
    verdict = judge(history, FAMILY.checks)
    assert not [result.crash for result in verdict.results if result.crash]
    return {finding.clause for finding in verdict.findings}


@pytest.mark.parametrize(
    ("spoil", "expected"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED]
)
def test_each_defect_is_reported_by_its_clause_and_by_no_other(
    spoil: Spoil, expected: set[str]
) -> None:
    assert reported(spoil(good_job("job_001"))) == expected


def test_a_word_that_a_profile_does_not_know_is_looked_for_in_the_profile() -> None:
    spoken = Spoken(name="odd", submit="POST /render", words={"completed": "FINISHED"})
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=spoken)
    history = build([began, *scenario(last(status="RUNNING")(good_job()))])
    (finding,) = polling.status_words_are_legal(history).findings
    assert finding.expected == "a word that the profile odd has in [status.words]"
    assert finding.advice.startswith("if this is a state of the server, the profile lacks it")


def test_a_status_that_is_slow_for_every_job_is_reported() -> None:
    other = [
        msgspec.structs.replace(e, took=1.1) if isinstance(e, Polled) else e
        for e in good_job("job_002", at=0.1)
    ]
    assert reported(late(1.1)(good_job("job_001")), other) == {"POL-13"}


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ((10.0, 6.0, 5.0), {"POL-13"}),
        ((0.1, 10.0, 6.0, 5.0), {"POL-13"}),
        ((10.0, 10.0, 4.9), set()),
        ((10.0, 10.0), set()),
    ],
)
def test_a_status_that_is_slow_for_one_job_is_reported(
    times: tuple[float, ...], found: set[str]
) -> None:
    """Whatever becomes of looks that wait for a moment only."""
    sent = [event for event in good_job("job_001") if not isinstance(event, Polled)]
    end = next(event for event in good_job("job_001")[::-1] if isinstance(event, Polled))
    looks = [msgspec.structs.replace(end, at=end.at + n, took=t) for n, t in enumerate(times)]
    vain = Polled(at=end.at + 9, job="job_001", took=2.0, error="no answer within 2 s")
    others = [good_job(f"job_00{n}") for n in (2, 3, 4)]
    only = [polling.no_job_is_answered_slowly]
    verdict = judge(build(scenario([*sent, *looks, vain], *others)), only)
    assert {finding.clause for finding in verdict.findings} == found


def test_a_miner_without_progress_owes_nothing_for_it() -> None:
    silent = [
        msgspec.structs.replace(e, progress=None) if isinstance(e, Polled) else e
        for e in good_job("job_001")
    ]
    for check in (progress.progress_is_a_percentage, progress.progress_does_not_fall):
        assert FAMILY.outcome(check, silent) is Outcome.NOT_APPLICABLE


def test_a_first_word_that_is_taken_back_is_one_cause_whatever_comes_after_it() -> None:
    done = submission("completed")
    queued, working = done(good_job("job_001")), done(good_job("job_002", at=9.0))
    working = [e for e in working if not (isinstance(e, Polled) and e.status == "queued")]
    history = build(scenario(queued, working))
    found = polling.order_never_goes_backwards(history).findings
    assert len(found) == 2
    assert len({finding.cause for finding in found}) == 1


def test_where_no_job_failed_no_reason_is_owed() -> None:
    outcome = FAMILY.outcome(polling.failures_are_explained, good_job("job_001"))
    assert outcome is Outcome.NOT_APPLICABLE


def test_every_check_of_the_family_reports_something() -> None:
    assert set().union(*(row[2] for row in SPOILED)) | {"POL-13"} == FAMILY.clauses
