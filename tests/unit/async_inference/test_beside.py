"""Requests beside the jobs: which are sent, what they ask for, and that they end."""

import asyncio
from collections.abc import Iterable
from typing import cast

from tests.e2e.async_inference.beside import Beside
from tests.e2e.async_inference.cases import REFUSED_JOB, STATUS_URL, same_id_again
from tests.e2e.async_inference.events import Answered, Probed
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.flight import Assignment, Flight
from tests.e2e.async_inference.liveness import Clocks
from tests.e2e.async_inference.protocol import Paths
from tests.e2e.async_inference.scenario import Job, Moment, Request

TO_FIND = Request(probe="page", path="/jobs", moment=Moment.AFTER)


class Recorded:
    """An exchange that answers 200 to everything and keeps what it was asked."""

    def __init__(self) -> None:
        self.events: list[Probed] = []
        self.asked = asyncio.Event()

    async def probe(self, request: Request, job_id: str, secrets: Iterable[str]) -> Probed:
        self.asked.set()
        return Probed(
            at=0.0,
            probe=request.probe,
            method=request.method,
            path=request.path,
            took=0.0,
            status_code=200,
            leaks_secret="s3cret" in secrets,
            tags=dict(request.tags),
        )

    def beside(self, *requests: Request) -> Beside:
        record = self.events.append
        return Beside(cast(Exchange, self), requests, ["s3cret"], record)  # type: ignore[arg-type]


def refused(code: int, job_id: str | None) -> tuple[Assignment, Answered]:
    job = Job(prompt="fox", job_id=job_id)
    return Assignment(job, "job_1", None), Answered(at=0, job="job_1", took=0, status_code=code)


def asked_for_refused(code: int, job_id: str | None) -> list[Probed]:
    recorded = Recorded()
    asyncio.run(recorded.beside().ask_for_refused(*refused(code, job_id), Paths()))
    return recorded.events


def test_each_request_has_its_moment_and_every_answer_is_searched_for_secrets() -> None:
    recorded = Recorded()
    beside = recorded.beside(TO_FIND, same_id_again("/inference", "fox"))
    (after,) = beside.at(Moment.AFTER)
    asyncio.run(beside.send(after))
    assert [(event.path, event.leaks_secret) for event in recorded.events] == [("/jobs", True)]
    assert not beside.at(Moment.BEFORE)


def test_a_refused_job_is_asked_for_by_the_id_that_it_should_have_had() -> None:
    (asked,) = asked_for_refused(422, "../x")
    assert (asked.probe, asked.path) == (REFUSED_JOB, "/inference/status/..%2Fx")
    assert asked.tags == {"job": "job_1"}


def test_an_id_that_is_in_use_or_was_never_chosen_is_not_asked_for() -> None:
    assert asked_for_refused(409, "mine") == []
    assert asked_for_refused(422, None) == []
    assert asked_for_refused(500, "mine") == []


def test_a_status_url_is_followed_where_one_was_named() -> None:
    recorded = Recorded()
    for url in ("/somewhere/else", None):
        answered = Answered(at=0, job="job_1", took=0, status_code=202, status_url=url)
        assignment = Assignment(Job(prompt="fox"), "job_1", None)
        flight = Flight(assignment, answered, "id", Clocks.started(0.0))
        asyncio.run(recorded.beside().follow_status_url(flight))
    assert [(e.probe, e.path) for e in recorded.events] == [(STATUS_URL, "/somewhere/else")]


def test_a_repeated_request_is_sent_until_it_is_cancelled() -> None:
    async def twice() -> int:
        recorded = Recorded()
        again = Request(probe="health", path="/health", every=0.001)
        task = asyncio.create_task(recorded.beside().repeat(again, ""))
        for _ in range(2):
            recorded.asked.clear()
            await asyncio.wait_for(recorded.asked.wait(), 10)
        task.cancel()
        return len(recorded.events)

    assert asyncio.run(twice()) >= 1
