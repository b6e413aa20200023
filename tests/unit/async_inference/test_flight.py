"""One job in flight: after each event, the next step is the right one at the right time."""

import pytest

from tests.e2e.async_inference.diagnosis import Life
from tests.e2e.async_inference.events import Answered, CallbackSection, Polled
from tests.e2e.async_inference.flight import Act, Assignment, Flight, Pace
from tests.e2e.async_inference.liveness import Budgets, Clocks
from tests.e2e.async_inference.protocol import Answer, Callback
from tests.e2e.async_inference.scenario import CallbackTo, Job

PACE = Pace(0.5, 30.0, Budgets(silence=10.0, step=20.0, total=60.0))
OWN = Assignment(Job(prompt="fox"), "job_1", Callback("http://x", "s"), "token")
NOWHERE = Assignment(Job(prompt="fox", callback=CallbackTo.NOWHERE), "job_1", None)


def a_flight(assignment: Assignment = OWN) -> Flight:
    answered = Answered(at=0.0, job="job_1", took=0.0, status_code=202, job_id="id")
    return Flight(assignment, answered, "id", Clocks.started(0.0))


def saw(
    flight: Flight, at: float, status: str | None, callback: str | None = None, progress: float = 0
) -> Flight:
    section = CallbackSection(status=callback) if callback else None
    polled = Polled(
        at=at, job="job_1", took=0.0, status=status, progress=progress, callback=section
    )
    flight.saw(polled, Answer(0.0, 200, body=str((status, callback, progress)).encode()))
    return flight


def test_a_working_job_is_polled_every_interval() -> None:
    step = saw(a_flight(), 1.0, "processing").next_step(1.0, PACE)
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
    step = saw(a_flight(), 0.5, status, progress=progress).next_step(now, PACE)
    assert (step.act is Act.GIVE_UP) is (told is not None)
    assert (step.diagnosis and step.diagnosis.life) == told


def hangs(status: str, progress: float, until: int) -> Flight:
    """Answers go on every second; the percentage does not."""
    flight = a_flight()
    for second in range(until + 1):
        saw(flight, float(second), status, progress=progress)
    return flight


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
    assert step.diagnosis.life is Life.STARVING


def test_a_job_in_a_queue_that_moves_does_not_starve() -> None:
    assert hangs("queued", 0, until=21).next_step(21.0, PACE, worked=5.0).act is Act.POLL


def test_unreadable_answers_are_no_sign_of_life() -> None:
    flight = saw(a_flight(), 0.0, "processing")
    for second in range(1, 12):
        saw(flight, float(second), None)
        flight.repeated(Answer(0.0, 200, body=b"(None, None, 0)"), float(second))
    step = flight.next_step(11.0, PACE)
    assert step.diagnosis
    assert step.diagnosis.life is Life.DEAD


@pytest.mark.parametrize(("now", "seconds"), [(1.0, 10.0), (7.0, 4.0), (10.9, 0.5)])
def test_an_answer_is_waited_for_until_the_silence_is_too_long(now: float, seconds: float) -> None:
    flight = saw(a_flight(), 1.0, "processing")
    assert flight.patience(now, PACE) == pytest.approx(seconds)


def test_a_settled_job_is_fetched_at_once() -> None:
    flight = saw(a_flight(), 1.0, "completed", "delivered")
    flight.delivered(0.9)
    assert flight.next_step(1.0, PACE).act is Act.DOWNLOAD


def test_completed_without_its_section_is_polled_soon_and_then_less_often() -> None:
    flight = saw(a_flight(), 1.0, "completed")
    waits = [flight.next_step(1.0, PACE).at - 1.0 for _ in range(8)]
    assert waits[0] < 0.1
    assert waits == sorted(waits)
    assert waits[-1] == 0.5


def test_a_missing_section_is_given_up_after_the_callback_timeout() -> None:
    flight = saw(a_flight(), 1.0, "completed")
    assert flight.next_step(30.9, PACE).act is Act.POLL
    step = flight.next_step(31.1, PACE)
    assert (step.act, step.waiting_for) == (Act.GIVE_UP, "the callback section of the status")


def test_a_claimed_delivery_gets_a_moment_to_arrive() -> None:
    flight = saw(a_flight(), 1.0, "completed", "delivered")
    assert flight.next_step(1.5, PACE).act is Act.POLL
    assert flight.next_step(2.5, PACE).act is Act.DOWNLOAD


@pytest.mark.parametrize("outcome", ["failed", "expired", "skipped", "error"])
def test_no_delivery_is_awaited_where_none_is_claimed(outcome: str) -> None:
    assert saw(a_flight(), 1.0, "completed", outcome).next_step(1.0, PACE).act is Act.DOWNLOAD


def test_a_section_that_is_not_final_is_not_settled() -> None:
    assert saw(a_flight(), 1.0, "completed", "pending").next_step(1.0, PACE).act is Act.POLL


def test_a_job_without_callback_waits_for_its_section_too() -> None:
    flight = saw(a_flight(NOWHERE), 1.0, "completed")
    assert flight.next_step(1.0, PACE).act is Act.POLL
    saw(flight, 1.1, "completed", "skipped")
    assert flight.next_step(1.1, PACE).act is Act.DOWNLOAD


def test_repeated_answers_are_counted_and_keep_the_job_alive() -> None:
    flight = saw(a_flight(), 1.0, "processing")
    same = Answer(0.2, 200, body=b"('processing', None, 0)")
    assert flight.repeated(same, 8.0)
    assert flight.repeated(same, 9.0)
    assert flight.take_repeats() == (2, 8.0, 0.2)
    assert flight.take_repeats()[0] == 0
    assert flight.next_step(15.0, PACE).act is Act.POLL
