"""Checks on histories written by hand: no worker, no network, no waiting."""

from typing import Any

import pytest

from asyncproof.harness.verdict import Check, Outcome, judge
from asyncproof.worker import events as ev
from asyncproof.worker.checks import ALL, clients, limits
from asyncproof.worker.checks import heartbeats as hbt
from asyncproof.worker.checks.endpoints import pages_answer_in_time
from asyncproof.worker.checks.hive import gaps, serves_without_its_hive
from asyncproof.worker.checks.inference import tokens_come_as_they_are_made
from asyncproof.worker.judging import clauses
from asyncproof.worker.record import WorkerHistory, build

LIMITS = ev.WorkerLimits(interval=10.0, slack=0.5)
W = "worker-1"


def history(
    *happened: ev.WorkerEvent, schema: str = "document", end: float = 200.0
) -> WorkerHistory:
    """A run of one worker, ready at 1 s and watched from there, with these events in it."""
    start = ev.WorkerRunStarted(
        at=0.0, run="r", wall=0.0, profile="", schema=schema, limits=LIMITS, settings={}
    )
    life: list[ev.WorkerEvent] = [
        ev.WorkerStarted(at=0.5, worker=W, worker_id="me", pid=1, url="", command=""),
        ev.BecameReady(at=1.0, worker=W, took=0.5),
        ev.PhaseBegan(at=1.0, worker=W, phase="watch"),
        ev.WorkerRunEnded(at=end),
    ]
    return build([start, *sorted([*life, *happened], key=lambda event: event.at)])


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


def outcome(check: Check[WorkerHistory], record: WorkerHistory) -> Outcome:
    return judge(record, [check]).results[0].outcome


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_no_evidence_is_never_a_pass(check: Check[WorkerHistory]) -> None:
    """On a run in which nothing happened, no check is satisfied."""
    start = history().run
    assert outcome(check, build([start, ev.WorkerRunEnded(at=1.0)])) in (
        Outcome.INCONCLUSIVE,
        Outcome.NOT_APPLICABLE,
    )


@pytest.mark.parametrize("check", hbt.CHECKS, ids=lambda check: check.name)
def test_a_worker_without_heartbeats_by_its_profile_owes_none(check: Check[WorkerHistory]) -> None:
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
    assert build(events).incomplete


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
    late = ev.WorkerAnswered(
        at=42.0, worker=W, probe="health", took=2.0, late=True, error="no answer within 2 s"
    )
    good = ev.WorkerAnswered(at=43.0, worker=W, probe="health", took=0.1, status_code=200)
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


ASK = {"purpose": "probe", "limited": True, "max_tokens": 20}


def asked(at: float, style: str = "stream", **fields: Any) -> ev.Inferred:
    """A small ask, answered with 20 tokens of four characters."""
    said: dict[str, Any] = {"status_code": 200, "tokens": 20, "text": "abc " * 20, "ends": 1}
    said |= {"finish_reason": "length", "closed": True, "first_token": at - 0.5, "began": at - 1}
    return ev.Inferred(at=at, worker=W, style=style, **{**ASK, **said, **fields})


LENGTHS: dict[str, tuple[list[ev.Inferred], str]] = {
    "what was asked for": ([asked(10), asked(20, "json")], ""),
    "fewer, because the model ended": ([asked(10, tokens=3, text="abc " * 3)], ""),
    "one event more": ([asked(10, tokens=21)], ""),
    "parts of tokens": ([asked(10, tokens=80)], ""),
    "several tokens in an event": ([asked(10, tokens=5)], ""),
    "too many in a stream": ([asked(10, tokens=64, text="abc " * 64)], "INF-11"),
    "too many by its own count": (
        [asked(10), asked(20, "json", tokens=64, text="abc " * 64)],
        "INF-11",
    ),
    "counted double": ([asked(10), asked(20, "json", tokens=40)], "INF-12"),
    "counted too few": ([asked(10), asked(20, "json", tokens=5)], "INF-12"),
    "counted as characters are": (
        [asked(10), asked(20, "json", tokens=8, text="äöü" * 10)],
        "",
    ),
    "counts that do not add up": ([asked(20, "json", sums="3 and 4, 8 in all")], "INF-12"),
    "a count of the stream below its events": ([asked(10, counted=5)], "INF-12"),
    "a limit that was never told": ([asked(10, tokens=64, text="abc " * 64, limited=False)], ""),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_and_counts_are_held_against_what_was_asked(name: str) -> None:
    made, broken = LENGTHS[name]
    findings = judge(history(*made), limits.CHECKS).findings
    assert [f.clause for f in findings] == [broken] * bool(broken), findings


LOST = "Gr\ufffd\ufffde you"


@pytest.mark.parametrize(
    ("streamed", "whole", "expected"),
    [
        (LOST, "Grüße you", Outcome.FAIL),
        (LOST, LOST, Outcome.NOT_APPLICABLE),  # the model itself says so
        ("Grüße \ufffd", "Grüße you", Outcome.PASS),  # cut off by the limit
        (LOST, "", Outcome.NOT_APPLICABLE),
    ],
)
def test_replacement_characters_are_held_against_streams_only_where_others_have_none(
    streamed: str, whole: str, expected: Outcome
) -> None:
    record = history(asked(10, text=streamed), asked(20, "json", text=whole))
    assert outcome(limits.streams_lose_no_characters, record) is expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (12.0, 14.0, Outcome.PASS),  # waited for its turn, and flows
        (13.99, 14.0, Outcome.FAIL),
        (10.01, 10.1, Outcome.NOT_APPLICABLE),  # too fast to tell
    ],
)
def test_a_stream_that_comes_at_once_is_told_from_one_that_waited(
    first: float, last: float, expected: Outcome
) -> None:
    made = asked(14.1, began=10.0, tokens=200, max_tokens=200, first_token=first, last_token=last)
    assert outcome(tokens_come_as_they_are_made, history(made)) is expected


@pytest.mark.parametrize(
    ("reason", "tokens", "ends", "usual", "expected"),
    [
        ("stop", 30, 1, 200, Outcome.FAIL),
        ("length", 30, 1, 200, Outcome.FAIL),
        ("abort", 30, 1, 200, Outcome.PASS),
        ("stop", 30, 0, 200, Outcome.PASS),  # the connection just ended
        ("length", 100, 1, 200, Outcome.PASS),  # it was finished first
        ("stop", 30, 1, 50, Outcome.NOT_APPLICABLE),  # this model often ends early
    ],
)
def test_an_answer_that_was_cut_off_must_not_look_whole(
    reason: str, tokens: int, ends: int, usual: int, expected: Outcome
) -> None:
    before = asked(10, tokens=usual, max_tokens=200)
    cut = asked(
        60, purpose="at stop", tokens=tokens, max_tokens=100, finish_reason=reason, ends=ends
    )
    assert outcome(limits.what_was_cut_off_says_so, history(before, cut)) is expected


def first(at: float, **fields: Any) -> ev.Inferred:
    return asked(at, began=1.0, purpose="first", **fields)


@pytest.mark.parametrize(
    ("answers", "clauses"),
    [
        ([first(1.5), asked(10)], []),
        ([first(1.5, status_code=503, text="loading"), asked(10)], ["WRK-7"]),
        ([first(1.5, error="ServerDisconnectedError"), asked(10)], ["WRK-7"]),
        ([first(1.5, status_code=503), asked(10, status_code=503)], []),  # INF-1
        ([first(9.0), asked(10)], ["WRK-8"]),
        ([first(9.0), asked(30, began=22.0)], []),  # it always takes so long
    ],
)
def test_readiness_is_held_against_the_first_answer(
    answers: list[ev.Inferred], clauses: list[str]
) -> None:
    findings = judge(history(*answers), clients.CHECKS).findings
    assert [f.clause for f in findings] == clauses


@pytest.mark.parametrize(
    ("trouble_at_work", "expected"), [("", Outcome.FAIL), ("late: answer", Outcome.INCONCLUSIVE)]
)
def test_an_engine_that_failed_before_is_not_held_against_the_hive(
    trouble_at_work: str, expected: Outcome
) -> None:
    hostile: list[ev.WorkerEvent] = [
        ev.PhaseBegan(at=50.0, worker=W, phase="hive down"),
        ev.HiveTurned(at=50.0, worker=W, mode="down"),
        ev.HiveTurned(at=90.0, worker=W, mode="ok"),
    ]
    at_work = stream(20.0, 30.0, error=trouble_at_work)
    inside = asked(60, "stream", error="ServerDisconnectedError")
    record = history(beat(10), asked(15), at_work, *hostile, inside)
    assert outcome(serves_without_its_hive, record) is expected
