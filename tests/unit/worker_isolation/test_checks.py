"""Checks on histories written by hand: no worker, no network, no waiting."""

from typing import Any

import pytest

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.checks import ALL
from tests.e2e.worker_isolation.checks import heartbeats as hbt
from tests.e2e.worker_isolation.checks.endpoints import pages_answer_in_time
from tests.e2e.worker_isolation.checks.hive import gaps
from tests.e2e.worker_isolation.judging import clauses
from tests.e2e.worker_isolation.record import Record, arrange
from tests.harness.verdict import Check, Outcome, judge

LIMITS = ev.Limits(interval=10.0, slack=0.5)
W = "worker-1"


def history(*happened: ev.WorkerEvent, schema: str = "document", end: float = 200.0) -> Record:
    """A run of one worker, ready at 1 s and watched from there, with these events in it."""
    start = ev.RunStarted(
        at=0.0, run="r", wall=0.0, profile="", schema=schema, limits=LIMITS, settings={}
    )
    life: list[ev.WorkerEvent] = [
        ev.WorkerStarted(at=0.5, worker=W, worker_id="me", pid=1, url="", command=""),
        ev.BecameReady(at=1.0, worker=W, took=0.5),
        ev.PhaseBegan(at=1.0, worker=W, phase="watch"),
        ev.RunEnded(at=end),
    ]
    return arrange([start, *sorted([*life, *happened], key=lambda event: event.at)])


def beat(at: float, **fields: Any) -> ev.HeartbeatReceived:
    said: dict[str, Any] = {
        "worker_id": "me",
        "timestamp": at,
        "state": "ready",
        "answered": 200,
    } | fields
    return ev.HeartbeatReceived(at=at, worker=W, number=0, path="", body="", **said)


def stream(began: float, at: float, **fields: Any) -> ev.Inferred:
    said: dict[str, Any] = {"status_code": 200, "tokens": 9, "text": "t", "ends": 1, "closed": True}
    said |= {"first_token": began + 0.1} | fields
    return ev.Inferred(
        at=at, worker=W, style="stream", purpose="work", began=began, max_tokens=9, **said
    )


def outcome(check: Check[Record], record: Record) -> Outcome:
    return judge(record, [check]).results[0].outcome


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_no_evidence_is_never_a_pass(check: Check[Record]) -> None:
    """On a run in which nothing happened, no check is satisfied."""
    start = history().run
    assert outcome(check, arrange([start, ev.RunEnded(at=1.0)])) in (
        Outcome.INCONCLUSIVE,
        Outcome.NOT_APPLICABLE,
    )


@pytest.mark.parametrize("check", hbt.CHECKS, ids=lambda check: check.name)
def test_a_worker_without_heartbeats_by_its_profile_owes_none(check: Check[Record]) -> None:
    assert outcome(check, history(schema="none")) is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([10, 20, 30], Outcome.PASS),
        ([10, 22.9, 35.8], Outcome.PASS),  # a quarter and the slack
        ([10, 23.1], Outcome.FAIL),
        ([10, 16.9], Outcome.FAIL),
        ([10, 41], Outcome.INCONCLUSIVE),  # so late that HBT-8 tells it
    ],
)
def test_the_interval_is_judged_with_jitter_and_slack(
    times: list[float], expected: Outcome
) -> None:
    record = history(*map(beat, times))
    assert outcome(hbt.heartbeats_keep_their_interval, record) is expected


def test_an_early_heartbeat_may_tell_of_a_change() -> None:
    record = history(beat(10), beat(13, state="busy"), beat(23, state="busy"))
    assert outcome(hbt.heartbeats_keep_their_interval, record) is Outcome.PASS


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ("starting ready busy ready stopped", Outcome.PASS),
        ("starting busy ready ready stopped stopped", Outcome.PASS),
        ("ready starting", Outcome.FAIL),
        ("busy starting", Outcome.FAIL),
        ("stopped ready", Outcome.FAIL),
        ("degraded healthy degraded", Outcome.PASS),
    ],
)
def test_states_follow_the_table(states: str, expected: Outcome) -> None:
    said = states.split()
    record = history(*(beat(10.0 * n, state=state) for n, state in enumerate(said, 1)))
    assert outcome(hbt.states_follow_each_other, record) is expected


@pytest.mark.parametrize(
    ("state", "at", "expected"),
    [
        ("ready", 30.0, Outcome.FAIL),  # in the middle of a stream
        ("busy", 30.0, Outcome.PASS),
        ("busy", 60.0, Outcome.FAIL),  # long after it
        ("ready", 60.0, Outcome.PASS),
        ("ready", 20.3, Outcome.NOT_APPLICABLE),  # it may not have known yet
        ("busy", 40.3, Outcome.NOT_APPLICABLE),
    ],
)
def test_a_state_is_held_against_the_work_only_where_it_is_clear(
    state: str, at: float, expected: Outcome
) -> None:
    record = history(stream(20.0, 40.0), beat(at, state=state))
    assert outcome(hbt.states_agree_with_the_work, record) is expected


def test_silence_since_work_began_says_so() -> None:
    record = history(beat(10), beat(20), stream(21.0, 100.0), end=100.0)
    verdict = judge(record, [hbt.heartbeats_never_go_stale])
    assert "80.0 s of silence, since work began" in verdict.explain()


def test_heartbeats_during_hostility_are_not_held_to_the_interval() -> None:
    """Only time in which nothing disturbs the worker is judged for its cadence."""
    hostile: list[ev.WorkerEvent] = [
        ev.PhaseBegan(at=25.0, worker=W, phase="hive down"),
        ev.HiveTurned(at=25.0, worker=W, mode="down"),
        ev.HiveTurned(at=95.0, worker=W, mode="ok"),
    ]
    record = history(beat(10), beat(20), *hostile, beat(101))
    assert outcome(hbt.heartbeats_keep_their_interval, record) is Outcome.PASS
    assert outcome(hbt.heartbeats_never_go_stale, record) is Outcome.PASS
    assert [(gap.mode, gap.seconds) for gap in gaps(record, record.workers[0])] == [("down", 6.0)]


def test_what_a_dying_worker_no_longer_answers_is_not_held_against_it_twice() -> None:
    """One death is one finding."""
    gone = ev.WorkerEnded(at=31.0, worker=W, asked=False, code=4, status="exit code 4")
    failed = stream(
        20.0, 30.9, status_code=None, error="ServerDisconnectedError", tokens=0, text=""
    )
    failures = judge(history(beat(10), beat(20), failed, gone, end=31.1), ALL).findings
    assert [f.clause for f in failures] == ["WRK-3"]


def test_a_history_that_was_cut_off_cannot_pass() -> None:
    events: list[ev.WorkerEvent] = [history().run, ev.BecameReady(at=1.0, worker=W, took=1.0)]
    assert arrange(events).incomplete


def test_clauses_of_the_page_and_of_the_checks_are_the_same() -> None:
    """The page that people read and the checks that judge know the same clauses, each once."""
    named = [clause for check in ALL for clause in check.clauses]
    assert sorted(named) == sorted(clauses())


@pytest.mark.parametrize(("back", "expected"), [(0.4, Outcome.PASS), (0.6, Outcome.FAIL)])
def test_time_may_go_back_by_no_more_than_two_heartbeats_can_overtake(
    back: float, expected: Outcome
) -> None:
    record = history(beat(10, timestamp=100.0), beat(20, timestamp=100.0 - back))
    assert outcome(hbt.time_never_goes_back, record) is expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.5, Outcome.FAIL), (2.0, Outcome.PASS)])
def test_a_stall_of_the_suite_itself_is_not_held_against_the_worker(
    seconds: float, expected: Outcome
) -> None:
    """A heartbeat that the suite could not see in time is granted that time, and no more."""
    stall = ev.RunnerStalled(at=24.0, seconds=seconds)
    record = history(beat(10), stall, beat(24.5))
    assert outcome(hbt.heartbeats_keep_their_interval, record) is expected


@pytest.mark.parametrize(("waited", "expected"), [(0.5, Outcome.FAIL), (2.0, Outcome.PASS)])
def test_a_worker_that_got_no_processor_is_granted_the_time_that_it_waited(
    waited: float, expected: Outcome
) -> None:
    """As the kernel counts it: a machine that is too small is not the worker's fault."""
    record = history(beat(10, waited=3.0), beat(24.5, waited=3.0 + waited))
    assert outcome(hbt.heartbeats_keep_their_interval, record) is expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.2, Outcome.FAIL), (1.0, Outcome.PASS)])
def test_heartbeats_may_overtake_each_other_while_the_suite_cannot_look(
    seconds: float, expected: Outcome
) -> None:
    stall = ev.RunnerStalled(at=20.5, seconds=seconds)
    record = history(beat(20, timestamp=100.0), stall, beat(20.6, timestamp=99.0))
    assert outcome(hbt.time_never_goes_back, record) is expected


@pytest.mark.parametrize(("waited", "expected"), [(0.5, Outcome.FAIL), (1.5, Outcome.PASS)])
def test_a_late_answer_of_a_worker_that_got_no_processor_is_no_evidence(
    waited: float, expected: Outcome
) -> None:
    """The next one shows how it is."""
    work = ev.PhaseBegan(at=30.0, worker=W, phase="endpoints")
    late = ev.Answered(
        at=42.0, worker=W, probe="health", took=2.0, late=True, error="no answer within 2 s"
    )
    good = ev.Answered(at=43.0, worker=W, probe="health", took=0.1, status_code=200)
    beats = [beat(40, waited=1.0), beat(50, waited=1.0 + waited)]
    assert outcome(pages_answer_in_time, history(work, late, good, *beats)) is expected


@pytest.mark.parametrize(
    ("last_before", "during", "expected"),
    [
        (90.0, None, Outcome.PASS),
        (90.0, 105.0, Outcome.FAIL),
        (90.0, 100.3, Outcome.PASS),  # it was on its way
        (20.0, None, Outcome.INCONCLUSIVE),  # silent anyway: nothing is learned
    ],
)
def test_a_stopped_worker_is_held_to_silence_if_it_had_been_heard(
    last_before: float, during: float | None, expected: Outcome
) -> None:
    stopped: list[ev.WorkerEvent] = [
        ev.PhaseBegan(at=100.0, worker=W, phase="stopped"),
        ev.Signalled(at=100.0, worker=W, signal="SIGSTOP"),
        ev.Signalled(at=120.0, worker=W, signal="SIGCONT"),
    ]
    beats = [beat(at) for at in (10.0, last_before, during) if at is not None]
    record = history(*stopped, *beats)
    assert outcome(hbt.a_stopped_worker_claims_nothing, record) is expected
