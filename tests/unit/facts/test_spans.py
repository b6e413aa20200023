"""Spans show what was true of a job, not when it was polled."""

import pytest

from asyncproof.facts.health import diagnosis
from asyncproof.facts.load_over_time import load_over_time
from asyncproof.facts.spans import began_at, ended_at, spans, stalls
from asyncproof.history.build import build
from asyncproof.history.events import Answered, AsyncEvent, GaveUp, Polled, RunStarted, Unchanged
from asyncproof.history.history import History
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from tests.support.histories import good_job, scenario, spoiled, without

MIDNIGHT = 1767225600.0  # 2026-01-01T00:00:00Z
START = RunStarted(at=0.0, run="r", seed=1, wall=MIDNIGHT, target="http://miner", settings={})


def states(events: list[AsyncEvent]) -> list[tuple[float, float, str]]:
    history = a_run(events)
    job = history.jobs["job_001"]
    return [(round(s.begin, 3), round(s.end, 3), s.state) for s in spans(history, job)]


def a_run(events: list[AsyncEvent]) -> History:
    return build([START, *scenario(events)])


def moved(status: str, **changes: object) -> list[AsyncEvent]:
    """A correct job whose poll with this status says more."""
    events = good_job()
    kept = [e for e in events if not (isinstance(e, Polled) and e.status == status)]
    (poll,) = [e for e in events if isinstance(e, Polled) and e.status == status]
    return [*kept, *spoiled([poll], Polled, **changes)]


def test_without_times_of_the_miner_a_state_begins_with_the_poll_that_showed_it() -> None:
    assert states(moved("completed", completed_at=None)) == [
        (0.0, 0.7, "queued"),
        (0.7, 1.7, "working"),
        (1.7, 1.7, "completed"),
    ]


@pytest.mark.parametrize(
    ("said", "began"),
    [
        ("2026-01-01T00:00:00.500Z", 0.5),
        ("2025-12-31T20:00:00Z", 0.2),  # its clock is wrong: the last poll that said `queued`
        ("2026-01-01T04:00:00Z", 0.7),
        ("yesterday", 0.7),
    ],
)
def test_the_time_that_a_miner_says_counts_between_two_polls(said: str, began: float) -> None:
    history = a_run(moved("processing", started_at=said))
    assert began_at(history, history.jobs["job_001"]) == pytest.approx(began)


def test_work_that_no_poll_saw_is_drawn_as_the_miner_says_it_was() -> None:
    polls = [e for e in good_job() if not (isinstance(e, Polled) and e.status == "processing")]
    end = {"started_at": "2026-01-01T00:00:00.400Z", "completed_at": "2026-01-01T00:00:01Z"}
    assert states(spoiled(polls, Polled, **end)) == [
        (0.0, 0.4, "queued"),
        (0.4, 1.0, "working"),
        (1.0, 1.7, "completed"),
    ]


def test_equal_polls_are_evidence_of_the_old_state() -> None:
    same = Unchanged(at=0.6, job="job_001", since=0.4, count=3, slowest=0.1)
    events = [*moved("processing", started_at="2026-01-01T00:00:00.3Z"), same]
    history = a_run(sorted(events, key=lambda event: event.at))
    assert began_at(history, history.jobs["job_001"]) == pytest.approx(0.4)


def test_a_job_that_failed_and_one_that_was_refused() -> None:
    assert states(spoiled(good_job(), Polled, status="failed"))[-1][2] == "failed"
    assert states(spoiled(good_job(), Answered, status_code=400)) == [(0.0, 0.1, "refused")]


def test_a_job_without_an_end_ends_where_it_was_last_seen() -> None:
    events = [e for e in good_job() if getattr(e, "status", "") != "completed"]
    assert states(events)[-1] == (0.7, 0.7, "working")
    assert states([*events, a_stall(JobHealth.STALLED)])[-1] == (0.7, 9.0, "working")
    history = a_run(events)
    assert ended_at(history, history.jobs["job_001"]) is None


def a_stall(life: JobHealth) -> GaveUp:
    found = Diagnosis(
        life=life, stage=Stage.STEPPING, progress=50, silent=2.0, still=5.0, total=9.0
    )
    return GaveUp(
        at=9.0, job="job_001", waiting_for="its end", last_state="", waited=9, diagnosis=found
    )


@pytest.mark.parametrize(
    ("life", "began"),
    [(JobHealth.STALLED, [4.0]), (JobHealth.DEAD, [7.0]), (JobHealth.FINE, [])],
)
def test_a_stall_begins_where_progress_or_answers_ended(
    life: JobHealth, began: list[float]
) -> None:
    job = a_run([*good_job(), a_stall(life)]).jobs["job_001"]
    assert [begin for begin, _, _ in stalls(job)] == began


def test_load_rises_with_answers_and_falls_with_ends() -> None:
    history = build(scenario(good_job("job_001"), good_job("job_002", at=0.4)))
    found = load_over_time(history)
    assert [count for _, count in found.in_flight] == [1, 2, 1, 0]
    assert [count for _, count in found.queued] == [1, 2, 1, 0]
    assert found.in_flight[-1][0] == pytest.approx(2.1)
    assert found.queued[-1][0] == pytest.approx(1.1)


def test_nothing_accepted_is_no_load() -> None:
    refused = without(spoiled(good_job(), Answered, status_code=503), Polled)
    assert load_over_time(a_run(refused)).in_flight == ()


def test_a_stall_that_was_none_after_all_is_not_drawn() -> None:
    """The job was given up and moved later: at the end of its scenario, or of the run."""
    later = Polled(at=12.0, job="job_001", took=0.01, status_code=200, status="completed")
    begun = [e for e in good_job() if not (isinstance(e, Polled) and e.status == "completed")]
    waiting = a_run([*begun, a_stall(JobHealth.STALLED)]).jobs["job_001"]
    moved_on = a_run([*begun, a_stall(JobHealth.STALLED), later]).jobs["job_001"]
    assert [len(list(stalls(job))) for job in (waiting, moved_on)] == [1, 0]
    assert diagnosis(waiting, JobHealth.STALLED) is not None
    assert diagnosis(moved_on, JobHealth.STALLED) is None
