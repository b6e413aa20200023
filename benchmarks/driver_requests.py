"""What many jobs in flight cost: one request, the memory of a job, the lateness of polls.

    python -m benchmarks.driver_requests [--quick]

The peer polls the same stand-in miner with ``requests.Session`` in a thread. Processor time is
this process's alone: the stand-in miner has its own. Memory is what the traced allocations of
flights come to; lateness is how long after its due time a poll of the driver left, in intervals of
five seconds.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import sys
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median, quantiles
from typing import Any

import aiohttp
import requests
from aiohttp import web

from asyncproof.driver.http_client import CONNECTIONS, HttpClient
from asyncproof.driver.job_state import JobState, Pace, PreparedJob
from asyncproof.driver.load_driver import LoadDriver
from asyncproof.history.events import Answered, File
from asyncproof.liveness.clocks import Budgets, Clocks
from asyncproof.wire import protocol
from asyncproof.wire.dialect import documented
from asyncproof.workload.scenario import CallbackTo, Job
from asyncproof.workload.shapes import AtRate, LoadStage, Stages

STATUS = json.dumps({"job_id": "a" * 36, "status": "processing", "progress": 42.0}).encode()
INTERVAL = 5.0
PATH = "/inference/status/" + "a" * 36


def stand_in_miner(ready: Connection) -> None:
    numbers = itertools.count()

    async def status(_request: web.Request) -> web.Response:
        return web.Response(body=STATUS, content_type="application/json")

    async def submit(request: web.Request) -> web.Response:
        await request.read()
        job_id = f"{next(numbers):08d}-0000-4000-8000-000000000000"
        return web.json_response({"job_id": job_id, "status": "accepted"}, status=202)

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/inference/status/{job_id}", status)
        app.router.add_post("/inference", submit)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


@contextmanager
def a_miner() -> Iterator[str]:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=stand_in_miner, args=(theirs,), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        server.terminate()
        server.join()


async def by_client(url: str, requests_made: int) -> None:
    """As the driver polls: eight in flight, each answer parsed into an event."""
    async with HttpClient.connected(url, time.monotonic) as client:

        async def poll() -> None:
            for _ in range(requests_made // 8):
                answer = await client.ask("GET", PATH)
                if documented().read_status("job", answer, "secret", 0.0).status != "processing":
                    sys.exit("the stand-in miner did not answer as it should")

        await asyncio.gather(*(poll() for _ in range(8)))


def by_session(url: str, requests_made: int) -> None:
    """As a suite of old polls: a thread and a session for each job, eight of them."""

    def poll(_n: int) -> None:
        with requests.Session() as session:
            for _ in range(requests_made // 8):
                if session.get(url + PATH, timeout=30).json()["status"] != "processing":
                    sys.exit("the stand-in miner did not answer as it should")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(poll, range(8)))


def cost_of_one_request(url: str, requests_made: int, rounds: int) -> float:
    ratios = []
    for _ in range(rounds):
        began = time.process_time()
        asyncio.run(by_client(url, requests_made))
        ours = time.process_time() - began
        began = time.process_time()
        by_session(url, requests_made)
        theirs = time.process_time() - began
        ratios.append(theirs / ours)
        each = 1e6 / requests_made
        print(f"one request: driver {ours * each:.0f} us, session {theirs * each:.0f} us")
    print(f"session / driver: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return 1 / median(ratios)


def memory_of_a_job(jobs: int) -> float:
    """Bytes of one job with what the driver keeps for it (the answer it saw last among them)."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    states = {}
    for number in range(jobs):
        job_id = f"{number:08d}-0000-4000-8000-000000000000"
        callback = protocol.Callback(f"http://127.0.0.1:8092/callback/{number:016d}", "s" * 64)
        prepared = PreparedJob(Job(prompt="a red fox", seed=number), f"job_{number}", callback)
        answered = Answered(at=0.0, job=f"job_{number}", took=0.0, job_id=job_id)
        state = JobState(prepared, answered, job_id, Clocks.started(0.0))
        answer = protocol.MinerAnswer(0.01, 200, "application/json", bytes(STATUS))
        state.saw(documented().read_status(f"job_{number}", answer, "", 1.0), answer)
        states[job_id] = state
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / len(states)


class Timed(HttpClient):
    """Notes how long after its due time each poll left, from when all ``jobs`` are in flight."""

    def __init__(
        self, url: str, session: aiohttp.ClientSession, jobs: int, interval: float, polls: int
    ) -> None:
        super().__init__(url, time.monotonic, session, documented())
        self.late: list[float] = []
        self.enough = asyncio.Event()
        self._jobs, self._interval, self._polls = jobs, interval, polls
        self._answered: dict[str, float] = {}

    async def ask(self, method: str, path: str, *rest: Any, **more: Any) -> protocol.MinerAnswer:
        before = self._answered.get(path)
        if before is not None and len(self._answered) == self._jobs:
            self.late.append(time.monotonic() - before - self._interval)
            if len(self.late) == self._polls:
                self.enough.set()
        answer = await super().ask(method, path, *rest, **more)
        if answer.error:
            sys.exit(f"the stand-in miner did not answer: {answer.error}")
        if method == "GET":
            self._answered[path] = time.monotonic()
        return answer


async def lateness(url: str, jobs: int, interval: float, rounds: int) -> float:
    """The 99th percentile of how late the driver's polls leave, in intervals.

    The jobs are submitted over three intervals, so that their polls are spread as evenly.
    """
    forever = Budgets(silence=1e9, step=1e9, total=1e9)
    assigned = [
        PreparedJob(Job(prompt="a red fox", seed=n, callback=CallbackTo.NOWHERE), f"job_{n}", None)
        for n in range(jobs)
    ]
    async with aiohttp.ClientSession() as session:
        client = Timed(url, session, jobs, interval, jobs * rounds)
        driver = LoadDriver(
            client,
            documented(),
            Pace(interval, 1e9, forever),
            Stages((LoadStage(AtRate(((0.0, jobs / interval / 3),))),)),
            iter(assigned),
            clock=time.monotonic,
            record=lambda _event: None,
            keep=never,
            ended=lambda _name: None,
            enough=lambda: False,
            connections=CONNECTIONS,
        )
        running = asyncio.create_task(driver.run())
        measured = asyncio.create_task(client.enough.wait())
        await asyncio.wait({running, measured}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return quantiles(client.late, n=100)[-1] / interval


async def never(_content: bytes, _content_type: str) -> File:
    raise AssertionError("no job of the stand-in miner ends")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests and jobs")
    quick = parser.parse_args().quick
    with a_miner() as url:
        request = cost_of_one_request(url, 1_600 if quick else 8_000, 5)
        sizes = (100, 1_000) if quick else (100, 1_000, 10_000)
        for jobs in sizes:
            memory = memory_of_a_job(jobs)
            late = asyncio.run(lateness(url, jobs, INTERVAL, 1 if quick else 2))
            print(f"{jobs:>6} jobs: {memory:.0f} bytes a job; polls late by {late:.3f} intervals")
    print(f"ratio driver_request {request:.3f}")
    print(f"ratio job_memory_bytes {memory:.0f}")
    print(f"ratio poll_lateness_p99 {late:.3f}")


if __name__ == "__main__":
    main()
