"""Any number of jobs over few connections: none waits for one, and what holds jobs back is told."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import cast

from asyncproof.driver.http_client import HttpClient
from asyncproof.driver.job_state import Pace, PreparedJob
from asyncproof.driver.load_driver import LoadDriver
from asyncproof.history.events import AsyncEvent, File, Settled, Submitted
from asyncproof.liveness.clocks import Budgets
from asyncproof.wire.dialect import documented
from asyncproof.wire.protocol import MinerAnswer
from asyncproof.workload.scenario import CallbackTo, Job
from asyncproof.workload.shapes import Bursts, InFlight, LoadStage, Stages, StressShape

TURNS = 20  # of the loop, that an answer takes
PACE = Pace(0.01, 5.0, Budgets(silence=60.0, step=60.0, total=60.0))


class Miner:
    """Answers each submission and ends each job at its second poll. ``most`` is the largest number
    of requests of each kind that were under way at once."""

    def __init__(self) -> None:
        self.exhausted = ""
        self.polls: dict[str, int] = {}
        self.under_way = {"POST": 0, "GET": 0, "result": 0}
        self.most = dict(self.under_way)
        self.submitted = 0

    async def ask(self, method: str, path: str, *_rest: object, **_more: object) -> MinerAnswer:
        kind = "result" if "/result/" in path else method
        self.under_way[kind] += 1
        self.most[kind] = max(self.most[kind], self.under_way[kind])
        for _turn in range(TURNS):
            await asyncio.sleep(0)
        self.under_way[kind] -= 1
        return MinerAnswer(0.0, 200, "application/json", self._body(method, path))

    ask_patiently = ask

    def _body(self, method: str, path: str) -> bytes:
        if method == "POST":
            self.submitted += 1
            return json.dumps({"job_id": f"id-{self.submitted}", "status": "queued"}).encode()
        if "/result/" in path:
            return b"a picture"
        self.polls[path] = self.polls.get(path, 0) + 1
        done = self.polls[path] > 1
        told = {"status": "completed", "callback": {"status": "skipped"}} if done else {}
        return json.dumps({"status": "queued"} | told).encode()


def jobs(count: int) -> Iterator[PreparedJob]:
    for number in range(count):
        job = Job(prompt="a fox", seed=number, callback=CallbackTo.NOWHERE)
        yield PreparedJob(job, f"job_{number}", None)


async def keep(content: bytes, content_type: str) -> File:
    return File(path="p", sha256="s", size=len(content))


def driven(
    shape: StressShape,
    count: int,
    *,
    connections: int = 10,
    enough: Callable[[LoadDriver], bool] = lambda _: False,
    miner: Miner | None = None,
) -> tuple[LoadDriver, Miner, list[AsyncEvent]]:
    miner, events = miner or Miner(), list[AsyncEvent]()

    async def run() -> LoadDriver:
        driver = LoadDriver(
            cast(HttpClient, miner),
            documented(),
            PACE,
            Stages((LoadStage(shape),)),
            jobs(count),
            clock=time.monotonic,
            record=events.append,
            keep=keep,
            ended=lambda _: None,
            enough=lambda: enough(driver),
            connections=connections,
        )
        await asyncio.wait_for(driver.run(), 60.0)
        return driver

    return asyncio.run(run()), miner, events


def test_every_job_is_followed_to_its_end_and_nothing_is_left() -> None:
    driver, _, events = driven(InFlight(((0.0, 20.0),)), 100)
    assert driver.in_flight == 0
    settled = [event.job for event in events if isinstance(event, Settled)]
    assert sorted(settled) == sorted(job.name for job in jobs(100))
    assert driver.lateness.seen.count >= 200


def test_no_request_waits_for_a_connection() -> None:
    """Jobs at once over ten connections: five for polls, three for submissions, two for results."""
    driver, miner, _ = driven(Bursts(300), 300)
    assert miner.most["GET"] <= 5
    assert miner.most["POST"] <= 3
    assert miner.most["result"] <= 2
    assert driver.pressure.full > 50
    assert "found every connection busy" in str(driver.pressure)


def test_once_it_is_enough_no_job_leaves_and_those_in_flight_end() -> None:
    driver, _, events = driven(Bursts(10), 100, enough=lambda driver: driver.sent >= 7)
    assert driver.sent == 7
    assert sum(isinstance(event, Submitted) for event in events) == 7
    assert sum(isinstance(event, Settled) for event in events) == 7


def test_a_machine_that_runs_out_of_something_stops() -> None:
    out = Miner()
    out.exhausted = "no file descriptor left"
    driver, _, _ = driven(InFlight(((0.0, 2.0),)), 50, miner=out)
    assert (driver.sent, driver.in_flight) == (0, 0)
