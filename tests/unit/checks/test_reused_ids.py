"""Two jobs with one id: each is judged by its own times and its own callback."""

from typing import Any

import pytest

from asyncproof.checks import ALL, chosen_ids, delivery, polling, results, submission
from asyncproof.harness.verdict import judge
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Delivered,
    Downloaded,
    Polled,
    Probed,
    Submitted,
)
from asyncproof.workload.special_cases import CASE, ID_IN_USE, MEANT, Meant
from tests.support.histories import a_picture, good_job, scenario, spoiled

MINE = "mine"
SECOND = CallbackSection(status="skipped")


def clock(second: float) -> str:
    return f"2026-01-01T00:00:{second:06.3f}Z"


def first(*, ended: float, told: str | None = "own", **callback: Any) -> list[AsyncEvent]:
    """The job that had the id first, polled once; its callback tells when it ended."""
    tags = {MEANT: Meant.CHOSEN_ID, CASE: MINE}
    fields = {"job_id": MINE, "status": "completed", "completed_at": clock(ended)}
    request = {"prompt": "a fox", "seed": 1, "job_id": MINE}
    return [
        Submitted(at=0.0, job="job_001", token="t1", request=request, tags=tags),
        Answered(at=0.1, job="job_001", took=0.1, status_code=202, job_id=MINE),
        answer(0.2, "processing", queued=clock(0.05) if told else None),
        Delivered(
            at=callback.get("began", ended) + 0.1,
            number=1,
            began=callback.get("began", ended),
            method="POST",
            path="/callback/t1",
            token="t1",
            secret="match",
            fields=fields,
            image=a_picture("job_001"),
            answered=200,
            stored=True,
        ),
    ]


def answer(at: float, status: str, *, queued: str | None, **more: Any) -> Polled:
    return Polled(
        at=at,
        job="job_001",
        took=0.01,
        status_code=200,
        job_id=MINE,
        status=status,
        queued_at=queued,
        **more,
    )


def used_again(at: float = 0.5, code: int = 202) -> Probed:
    return Probed(
        at=at,
        probe=ID_IN_USE,
        method="POST",
        path="/inference",
        took=0.05,
        status_code=code,
        job_id=MINE,
        tags={CASE: MINE},
    )


def reported(*events: AsyncEvent) -> set[str]:
    verdict = judge(build(scenario(list(events))), ALL)
    assert not [result.crash for result in verdict.results if result.crash]
    return {finding.clause for finding in verdict.findings}


def then(at: float, queued: str | None) -> list[AsyncEvent]:
    """What is answered under the id from now on is about the second job."""
    end = {"callback": SECOND, "completed_at": clock(at + 1.0)}
    return [
        answer(at, "processing", queued=queued, progress=5),
        answer(at + 1.0, "completed", queued=queued, **end),
        Downloaded(
            at=at + 1.1,
            job="job_001",
            what="result",
            url="/inference/result/mine",
            took=0.1,
            status_code=200,
            file=a_picture("the second job"),
        ),
    ]


def test_a_poll_of_the_second_job_does_not_show_the_first_one_in_flight() -> None:
    """The first one ended before the second was queued; its callback and its times say so."""
    events = [*first(ended=0.3), used_again(), *then(0.6, clock(0.45))]
    assert reported(*events).isdisjoint({"SUB-5", "CBK-11", "POL-3", "RES-6", "CBK-15", "SUB-14"})


@pytest.mark.parametrize(
    ("events", "broken"),
    [
        pytest.param([*first(ended=0.9), used_again(), *then(0.6, clock(0.45))], True, id="later"),
        pytest.param(
            [*first(ended=0.9), used_again(), answer(0.7, "processing", queued=clock(0.05))],
            True,
            id="still polled with its own times",
        ),
        pytest.param(
            [*first(ended=0.3, told=None, began=0.4), used_again(), *then(0.6, None)],
            False,
            id="no times, callback at once",
        ),
        pytest.param(
            [*first(ended=0.3, told=None, began=1.8), used_again(), *then(0.6, None)],
            True,
            id="no times, callback much later",
        ),
        pytest.param(
            [*first(ended=0.9), used_again(code=409), answer(0.7, "processing", queued=None)],
            False,
            id="refused",
        ),
    ],
)
def test_an_id_in_use_is_judged_by_the_times_of_the_first_job(
    events: list[AsyncEvent], broken: bool
) -> None:
    verdict = judge(build(scenario(events)), [chosen_ids.ids_in_use_are_refused])
    assert bool(verdict.findings) is broken


def test_what_came_under_the_id_later_is_set_apart() -> None:
    history = build(scenario([*first(ended=0.3), used_again(), *then(0.6, clock(0.45))]))
    job = history.jobs["job_001"]
    assert [poll.at for poll in job.polls] == [0.2]
    assert [poll.at for poll in job.polls_of_another] == [0.6, 1.6]
    assert job.downloads == []


def test_of_two_polls_on_their_way_the_earlier_time_is_the_first_jobs() -> None:
    """Both were answered while the second submission was on its way."""
    events = first(ended=0.3)
    events[2] = answer(0.46, "processing", queued=clock(0.05))
    history = build(scenario([*events, used_again(), *then(0.48, clock(0.45))]))
    assert [poll.at for poll in history.jobs["job_001"].polls] == [0.46]


def test_a_chosen_id_that_is_used_again_is_no_id_given_twice() -> None:
    one = spoiled(good_job("job_001"), Submitted, request={"job_id": MINE})
    two = spoiled(good_job("job_002", at=5.0), Submitted, request={"job_id": MINE})
    both = [spoiled(events, Answered, job_id=MINE) for events in (one, two)]
    checks = [submission.job_ids_are_unique, polling.terminal_is_final]
    checks += [delivery.received_callbacks_are_reported, results.results_stay_the_same]
    assert not judge(build(scenario(*both)), checks).findings
