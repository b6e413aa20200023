"""One job in flight: after each event, the next step is the right one at the right time."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from asyncproof.driver.job_state import KEPT_FOR, Act, JobState, Pace, PreparedJob
from asyncproof.history.events import Answered, CallbackSection, Delivered, Polled
from asyncproof.history.job_health import JobHealth
from asyncproof.liveness.clocks import Budgets, Clocks
from asyncproof.settings import Settings
from asyncproof.wire.protocol import Callback, MinerAnswer
from asyncproof.workload.scenario import CallbackTo, Job

PACE = Pace(0.5, 30.0, Budgets(silence=10.0, step=20.0, total=60.0))
OWN = PreparedJob(Job(prompt="fox"), "job_1", Callback("http://x", "s"), "token")
NOWHERE = PreparedJob(Job(prompt="fox", callback=CallbackTo.NOWHERE), "job_1", None)


def a_job(prepared: PreparedJob = OWN) -> JobState:
    answered = Answered(at=0.0, job="job_1", took=0.0, status_code=202, job_id="id")
    return JobState(prepared, answered, "id", Clocks.started(0.0))


def saw(
    state: JobState,
    at: float,
    status: str | None,
    callback: str | None = None,
    progress: float = 0,
) -> JobState:
    section = CallbackSection(status=callback) if callback else None
    polled = Polled(
        at=at, job="job_1", took=0.0, status=status, progress=progress, callback=section
    )
    state.saw(polled, MinerAnswer(0.0, 200, body=str((status, callback, progress)).encode()))
    return state


def test_a_working_job_is_polled_every_interval() -> None:
    step = saw(a_job(), 1.0, "processing").next_step(1.0, PACE)
    assert (step.act, step.at) == (Act.POLL, 1.5)


@pytest.mark.parametrize(
    ("status", "progress", "now", "told"),
    [
        ("processing", 42, 9.0, None),
        ("processing", 42, 11.0, "dead"),
        ("queued", 0, 11.0, "dead"),
    ],
)
def test_silence_is_given_up_when_its_budget_is_used(
    status: str, progress: float, now: float, told: str | None
) -> None:
    step = saw(a_job(), 0.5, status, progress=progress).next_step(now, PACE)
    assert (step.act is Act.GIVE_UP) is (told is not None)
    assert (step.diagnosis and step.diagnosis.life) == told


def hangs(status: str, progress: float, until: int) -> JobState:
    """Answers go on every second; the percentage does not."""
    state = a_job()
    for second in range(until + 1):
        saw(state, float(second), status, progress=progress)
    return state


def test_a_stall_is_certain_long_before_the_jobs_time_is_up() -> None:
    step = hangs("processing", 42, until=21).next_step(21.0, PACE)
    assert step.act is Act.GIVE_UP
    assert step.diagnosis
    assert step.diagnosis.line("job_1", "4f2") == (
        "job_1 seems to be stuck mid inference - Last heartbeat: 0.0s ago, "
        "Last progress change: 21.0s ago, Progress: 42%, Job: 4f2"
    )


def test_a_job_that_stays_queued_starves_when_the_miner_does_nothing() -> None:
    step = hangs("queued", 0, until=21).next_step(21.0, PACE)
    assert step.diagnosis
    assert step.diagnosis.life is JobHealth.STARVING


def test_a_job_in_a_queue_that_moves_does_not_starve() -> None:
    assert hangs("queued", 0, until=21).next_step(21.0, PACE, worked=5.0).act is Act.POLL


def test_unreadable_answers_are_no_sign_of_life() -> None:
    state = saw(a_job(), 0.0, "processing")
    for second in range(1, 12):
        saw(state, float(second), None)
        state.repeated(MinerAnswer(0.0, 200, body=b"(None, None, 0)"), float(second))
    step = state.next_step(11.0, PACE)
    assert step.diagnosis
    assert step.diagnosis.life is JobHealth.DEAD


@pytest.mark.parametrize(("now", "seconds"), [(1.0, 10.0), (7.0, 4.0), (10.9, 1.0)])
def test_an_answer_is_waited_for_until_the_silence_is_too_long(now: float, seconds: float) -> None:
    state = saw(a_job(), 1.0, "processing")
    assert state.patience(now, PACE) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("status", "now", "lately"),
    [
        ("processing", 1.0, False),
        ("completed", 1.0, True),
        ("completed", KEPT_FOR + 0.9, True),
        ("completed", KEPT_FOR + 1.0, False),
    ],
)
def test_a_job_ended_lately_while_its_miner_owes_its_status(
    status: str, now: float, lately: bool
) -> None:
    assert saw(a_job(), 1.0, status).ended_lately(now) is lately


def test_a_settled_job_is_fetched_at_once() -> None:
    state = saw(a_job(), 1.0, "completed", "delivered")
    state.delivered(0.9)
    assert state.next_step(1.0, PACE).act is Act.DOWNLOAD


def test_completed_without_its_section_is_polled_soon_and_then_less_often() -> None:
    state = saw(a_job(), 1.0, "completed")
    waits = [state.next_step(1.0, PACE).at - 1.0 for _ in range(8)]
    assert waits[0] < 0.1
    assert waits == sorted(waits)
    assert waits[-1] == 0.5


def test_a_missing_section_is_given_up_after_the_callback_timeout() -> None:
    state = saw(a_job(), 1.0, "completed")
    assert state.next_step(30.9, PACE).act is Act.POLL
    step = state.next_step(31.1, PACE)
    assert (step.act, step.waiting_for) == (Act.GIVE_UP, "the callback section of the status")


def test_a_claimed_delivery_gets_a_moment_to_arrive() -> None:
    state = saw(a_job(), 1.0, "completed", "delivered")
    assert state.next_step(1.5, PACE).act is Act.POLL
    assert state.next_step(2.5, PACE).act is Act.DOWNLOAD


@pytest.mark.parametrize("outcome", ["failed", "expired", "skipped", "error"])
def test_no_delivery_is_awaited_where_none_is_claimed(outcome: str) -> None:
    assert saw(a_job(), 1.0, "completed", outcome).next_step(1.0, PACE).act is Act.DOWNLOAD


def test_a_section_that_is_not_final_is_not_settled() -> None:
    assert saw(a_job(), 1.0, "completed", "pending").next_step(1.0, PACE).act is Act.POLL


def test_a_job_without_callback_waits_for_its_section_too() -> None:
    state = saw(a_job(NOWHERE), 1.0, "completed")
    assert state.next_step(1.0, PACE).act is Act.POLL
    saw(state, 1.1, "completed", "skipped")
    assert state.next_step(1.1, PACE).act is Act.DOWNLOAD


def test_repeated_answers_are_counted_and_keep_the_job_alive() -> None:
    state = saw(a_job(), 1.0, "processing")
    same = MinerAnswer(0.2, 200, body=b"('processing', None, 0)")
    assert state.repeated(same, 8.0)
    assert state.repeated(same, 9.0)
    assert state.take_repeats() == (2, 8.0, 0.2)
    assert state.take_repeats()[0] == 0
    assert state.next_step(15.0, PACE).act is Act.POLL


def test_a_callback_section_that_never_comes_is_looked_for_ever_less_often() -> None:
    """More looks than a power of two can count; a run with short intervals makes as many."""
    state = saw(a_job(), 1.0, "completed")
    steps = [state.next_step(1.0, PACE) for _ in range(2000)]
    assert steps[0].at < 1.1
    assert steps[-1].at == 1.5


def test_the_link_of_the_first_callback_that_has_one_is_followed() -> None:
    state = a_job()
    for at, link in ((1.0, ""), (2.0, "/images/a.png"), (3.0, "/images/b.png")):
        state.delivered(at, link)
    assert state.link == "/images/a.png"


def test_where_nothing_is_told_of_deliveries_the_callback_is_waited_for() -> None:
    quiet = replace(PACE, tells_delivery=False)
    state = saw(a_job(), 1.0, "completed")
    assert state.next_step(1.0, quiet).act is Act.POLL
    late = state.next_step(1.0 + PACE.callback_timeout + 1, quiet)
    assert (late.act, late.waiting_for) == (Act.GIVE_UP, "its callback")
    state.attempted = True
    assert state.next_step(1.0, quiet).act is Act.DOWNLOAD
    assert saw(a_job(NOWHERE), 1.0, "completed").next_step(1.0, quiet).act is Act.DOWNLOAD


def test_the_answer_that_told_of_the_end_is_kept() -> None:
    state = saw(saw(a_job(), 1.0, "completed"), 2.0, "failed")
    assert state.terminal_body == str(("completed", None, 0)).encode()


RETRIES = replace(PACE, retry_wait=20.0)


def tried(state: JobState, at: float, pace: Pace = RETRIES, **changes: Any) -> JobState:
    """A callback came in, of which our receiver failed the first by holding it for a second."""
    event = Delivered(
        at=at,
        number=1,
        began=at - 1.0,
        method="POST",
        path="/callback/token",
        token="token",
        secret="match",
        fields={},
        nemesis="NoAnswer()",
    )
    state.tried(msgspec.structs.replace(event, **changes), pace)
    return state


def ended(prepared: PreparedJob = OWN) -> JobState:
    return saw(a_job(prepared), 1.0, "completed", "failed")


def test_a_promised_retry_is_waited_for_and_its_absence_left_to_the_judge() -> None:
    """It may be held as long as the first attempt was, which began a second before."""
    state = tried(ended(), 2.0)
    assert state.next_step(22.9, RETRIES).act is Act.POLL
    assert state.next_step(23.0, RETRIES).act is Act.DOWNLOAD


def test_a_retry_that_came_ends_the_wait_whatever_it_was_answered() -> None:
    assert tried(tried(ended(), 2.0), 5.0).next_step(5.0, RETRIES).act is Act.DOWNLOAD


FIRST_OTHERWISE: dict[str, dict[str, Any]] = {
    "it was taken": {"answered": 200},
    "it was refused, which nobody promised to try again": {"answered": 404},
    "we did nothing to it": {"nemesis": ""},
}


@pytest.mark.parametrize("name", FIRST_OTHERWISE)
def test_no_retry_is_waited_for_where_none_is_owed(name: str) -> None:
    state = tried(ended(), 2.0, **FIRST_OTHERWISE[name])
    assert state.next_step(2.0, RETRIES).act is Act.DOWNLOAD


def test_no_retry_is_waited_for_where_none_is_promised() -> None:
    assert tried(ended(), 2.0, PACE).next_step(2.0, PACE).act is Act.DOWNLOAD


def test_the_first_attempt_may_be_a_moment_behind_what_the_miner_says_of_it() -> None:
    assert ended().next_step(1.5, RETRIES).act is Act.POLL
    assert ended().next_step(2.5, RETRIES).act is Act.DOWNLOAD
    assert ended().next_step(1.5, PACE).act is Act.DOWNLOAD
    assert ended(NOWHERE).next_step(1.5, RETRIES).act is Act.DOWNLOAD


def test_a_miner_that_tells_nothing_of_deliveries_is_waited_for_too() -> None:
    quiet = replace(RETRIES, tells_delivery=False)
    state = tried(saw(a_job(), 1.0, "completed"), 2.0, quiet)
    assert state.next_step(22.9, quiet).act is Act.POLL
    assert state.next_step(23.0, quiet).act is Act.DOWNLOAD


@pytest.mark.parametrize(
    ("seconds", "settling", "jobs"),
    [
        (510.0, 30.0, 480.0),
        (510.0, 212.0, 305.0),  # long enough for what is lost in the queue to be seen
        (300.0, 212.0, 180.0),  # too short for it
        (5000.0, 4000.0, 1500.0),
    ],
)
def test_jobs_have_the_time_of_a_scenario_that_its_receivers_leave(
    seconds: float, settling: float, jobs: float
) -> None:
    """Of 510 s, which are the share of pytest's 600, a queue that stands for 300 s is seen."""
    pace = replace(PACE, callback_timeout=settling, budgets=Budgets.of(Settings()))
    assert pace.for_the_work(seconds) == jobs
