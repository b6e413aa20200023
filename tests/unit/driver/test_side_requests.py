"""Requests beside the jobs: which are sent, what they ask for, and that they end."""

import asyncio
import json
from collections.abc import Iterable
from typing import cast

import pytest

from asyncproof.driver import side_requests
from asyncproof.driver.http_client import HttpClient
from asyncproof.driver.job_state import JobState, PreparedJob
from asyncproof.driver.side_requests import SideRequests
from asyncproof.history.events import Answered, Probed
from asyncproof.liveness.clocks import Clocks
from asyncproof.wire.dialect import dialect, documented
from asyncproof.workload.scenario import Job, Moment, Request, a_training_request
from asyncproof.workload.special_cases import (
    BEGUN,
    ID_OF_THE_FIRST,
    REFUSED_JOB,
    STATUS_URL,
    same_id_again,
)

TO_FIND = Request(probe="page", path="/jobs", moment=Moment.AFTER)


class Recorded:
    """A client that answers 200 to everything and keeps what it was asked."""

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

    def side_requests(self, *requests: Request) -> SideRequests:
        record = self.events.append
        return SideRequests(cast(HttpClient, self), requests, ["s3cret"], record)  # type: ignore[arg-type]


def refused(code: int, job_id: str | None) -> tuple[PreparedJob, Answered]:
    job = Job(prompt="fox", job_id=job_id)
    return PreparedJob(job, "job_1", None), Answered(at=0, job="job_1", took=0, status_code=code)


def asked_for_refused(code: int, job_id: str | None) -> list[Probed]:
    recorded = Recorded()
    asyncio.run(recorded.side_requests().ask_for_refused(*refused(code, job_id), documented()))
    return recorded.events


def test_each_request_has_its_moment_and_every_answer_is_searched_for_secrets() -> None:
    recorded = Recorded()
    requests = recorded.side_requests(
        TO_FIND, same_id_again("/inference", {"prompt": "fox", "job_id": ID_OF_THE_FIRST})
    )
    (after,) = requests.at(Moment.AFTER)
    asyncio.run(requests.send(after))
    assert [(event.path, event.leaks_secret) for event in recorded.events] == [("/jobs", True)]
    assert not requests.at(Moment.BEFORE)


def test_a_refused_job_is_asked_for_by_the_id_that_it_should_have_had() -> None:
    (asked,) = asked_for_refused(422, "../x")
    assert (asked.probe, asked.path) == (REFUSED_JOB, "/inference/status/..%2Fx")
    assert asked.tags == {"job": "job_1"}


def test_an_id_that_is_in_use_or_was_never_chosen_is_not_asked_for() -> None:
    assert asked_for_refused(409, "mine") == []
    assert asked_for_refused(422, None) == []
    assert asked_for_refused(500, "mine") == []


@pytest.mark.parametrize("name", ["bentoml", "cog"])
def test_where_no_id_can_be_chosen_none_is_asked_for(name: str) -> None:
    recorded = Recorded()
    asking = recorded.side_requests().ask_for_refused(*refused(422, "mine"), dialect(name))
    asyncio.run(asking)
    assert recorded.events == []


def test_a_status_url_is_followed_where_one_was_named() -> None:
    recorded = Recorded()
    for url in ("/somewhere/else", None):
        answered = Answered(at=0, job="job_1", took=0, status_code=202, status_url=url)
        prepared = PreparedJob(Job(prompt="fox"), "job_1", None)
        state = JobState(prepared, answered, "id", Clocks.started(0.0))
        asyncio.run(recorded.side_requests().follow_status_url(state))
    assert [(e.probe, e.path) for e in recorded.events] == [(STATUS_URL, "/somewhere/else")]


def test_a_repeated_request_is_sent_until_it_is_cancelled() -> None:
    async def twice() -> int:
        recorded = Recorded()
        again = Request(probe="health", path="/health", every=0.001)
        task = asyncio.create_task(recorded.side_requests().repeat(again, ""))
        for _ in range(2):
            recorded.asked.clear()
            await asyncio.wait_for(recorded.asked.wait(), 10)
        task.cancel()
        return len(recorded.events)

    assert asyncio.run(twice()) >= 1


class Trains(Recorded):
    """A miner whose training ends with the third look at it."""

    def __init__(self, *statuses: str, code: int = 202) -> None:
        super().__init__()
        self.statuses, self.code = list(statuses), code

    async def probe(self, request: Request, job_id: str, secrets: Iterable[str]) -> Probed:
        about = request.probe == BEGUN
        body = {"status": self.statuses.pop(0)} if about else {"status_url": "/train/status/t"}
        return Probed(
            at=0.0,
            probe=request.probe,
            method=request.method,
            path=request.path,
            took=0.0,
            status_code=200 if about else self.code,
            job_id="t",
            body=json.dumps(body),
        )


def begun(miner: Trains, awaited: float = 60.0) -> list[Probed]:
    """What is recorded of a training, until its end was waited for."""
    training = a_training_request("/train", Moment.HALFWAY, awaited)

    async def run() -> None:
        requests = miner.side_requests(training)
        await requests.send(training)
        await requests.wait_for_begun()

    asyncio.run(run())
    return miner.events


def test_what_a_request_began_is_waited_for_where_the_answer_says_that_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(side_requests, "LOOK", 0.0)
    _, end = begun(Trains("queued", "processing", "completed"))
    assert (end.path, end.body) == ("/train/status/t", '{"status": "completed"}')


def test_what_never_ends_is_waited_for_so_long_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_requests, "LOOK", 60.0)
    _, end = begun(Trains("processing", "completed"), awaited=0.05)
    assert end.body == '{"status": "processing"}'


@pytest.mark.parametrize("miner", [Trains(code=404), Trains(code=422)])
def test_what_was_refused_is_not_waited_for(miner: Trains) -> None:
    assert len(begun(miner)) == 1


def test_without_a_wish_nothing_is_waited_for() -> None:
    assert len(begun(Trains(), awaited=0.0)) == 1
