"""What is learned from recorded runs: what hangs most, and how long things normally take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.history.build import build
from asyncproof.history.events import Answered, AsyncEvent, GaveUp, Polled, Submitted
from asyncproof.history.history import JobRecord
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.liveness.statistics import (
    HARDWARE,
    JobKind,
    StageSpan,
    StallStatistics,
    quantile,
    rounded_up,
    spans,
)


def a_job(*polls: tuple[float, str, float | None], **request: str) -> JobRecord:
    events: list[AsyncEvent] = [
        Submitted(at=0, job="a", token="", request=dict(request)),
        Answered(at=0.1, job="a", took=0.1, status_code=202, job_id="id"),
        *(
            Polled(at=at, job="a", took=0, status_code=200, status=status, progress=progress)
            for at, status, progress in polls
        ),
    ]
    return build(events).jobs["a"]


USUAL = a_job(
    (1, "queued", None),
    (3, "processing", 0),
    (7, "processing", 20),
    (9, "processing", 20),
    (10, "processing", 60),
    (12, "processing", 100),
    (17, "completed", 100),
)


def test_each_part_of_a_life_is_measured() -> None:
    assert sorted(spans(USUAL)) == [
        (StageSpan.STEP, 2),
        (StageSpan.STEP, 3),
        (StageSpan.FINISH, 5),
        (StageSpan.QUEUE, 3),
        (StageSpan.TOTAL, 14),
        (StageSpan.FIRST, 4),
    ]


@pytest.mark.parametrize(
    ("polls", "known"),
    [
        ([(1.0, "completed", 100.0)], set()),
        ([(1.0, "processing", None), (4.0, "completed", None)], {StageSpan.TOTAL, StageSpan.QUEUE}),
        ([(1.0, "processing", 10.0), (4.0, "completed", None)], {StageSpan.TOTAL, StageSpan.QUEUE}),
        ([(1.0, "processing", 10.0)], set()),
    ],
)
def test_nothing_is_learned_that_was_not_seen(
    polls: list[tuple[float, str, float | None]], known: set[StageSpan]
) -> None:
    assert {span for span, _ in spans(a_job(*polls))} == known


def test_stalls_are_counted_by_life_stage_percentage_and_model() -> None:
    statistics = StallStatistics()
    for percent, request in ((42.0, {}), (42.9, {}), (42.0, {"lora_path": "x"}), (None, {})):
        job = a_job((1, "processing", percent), **request)
        found = Diagnosis(
            life=JobHealth.STALLED,
            stage=Stage.STEPPING,
            progress=percent,
            silent=0,
            still=9,
            total=10,
        )
        job.gave_up.append(
            GaveUp(
                at=10, job="a", waiting_for="", last_state="processing", waited=10, diagnosis=found
            )
        )
        statistics.add_job(job)
    assert statistics.stalls == {
        JobKind("stalled", "between steps", 42, "(default)"): 2,
        JobKind("stalled", "between steps", 42, "x"): 1,
        JobKind("stalled", "between steps", None, "(default)"): 1,
    }
    assert (statistics.jobs, statistics.completed, dict(statistics.spans)) == (4, 0, {})


def test_suggested_budgets_leave_room_above_the_longest_time_seen() -> None:
    statistics = StallStatistics(interval=0.5)
    for _ in range(3):
        statistics.add_job(USUAL)
    suggested = {one.variable: one.seconds for one in statistics.suggestions()}
    assert suggested == {
        "ASYNC_STEP_TIMEOUT": 9,
        "ASYNC_FIRST_STEP_TIMEOUT": 12,
        "ASYNC_POST_PROCESS_TIMEOUT": 15,
        "ASYNC_JOB_TIMEOUT": 42,
    }
    evidence = next(iter(statistics.suggestions())).evidence
    assert evidence == "3 times the longest time between two rises: 3.00 s of 6, p99 3.00"


def test_a_time_below_what_polls_can_tell_is_not_taken_at_its_word() -> None:
    statistics = StallStatistics(interval=5.0)
    statistics.spans[StageSpan.STEP] = [0.01]
    assert [one.seconds for one in statistics.suggestions()] == [11]


def test_the_classes_of_hardware_are_those_of_the_document() -> None:
    assert [(h.name, h.low, h.high) for h in HARDWARE] == [
        ("high-end", 300, 600),
        ("mid-range", 600, 900),
        ("low-end", 900, 1200),
    ]


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 2), (75, 3), (99, 4), (100, 4)])
def test_a_quantile_is_a_value_that_was_seen(percent: float, value: float) -> None:
    assert quantile([3, 1, 4, 2], percent) == value


@given(st.floats(0.01, 1e6))
def test_rounding_never_lowers_a_budget_and_raises_it_by_a_tenth_at_most(seconds: float) -> None:
    assert seconds * 0.99999 <= rounded_up(seconds) <= seconds * 1.1001
