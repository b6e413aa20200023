"""What many jobs in flight cost: one request, the memory of a job, the lateness of polls.

    python -m benchmarks.driver_requests [--quick]

The peer polls the same stand-in miner with ``requests.Session`` in a thread. Processor time is
this process's alone: the stand-in miner has its own. Memory is what the traced allocations of
flights come to; lateness is how long after its due time a poll left, in intervals.
"""

import argparse
import asyncio
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

import requests
from aiohttp import web

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.events import Answered
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.flight import Assignment, Flight
from tests.e2e.async_inference.liveness import Clocks
from tests.e2e.async_inference.scenario import Job

STATUS = json.dumps({"job_id": "a" * 36, "status": "processing", "progress": 42.0}).encode()
PATH = "/inference/status/" + "a" * 36


def stand_in_miner(ready: Connection) -> None:
    async def status(_request: web.Request) -> web.Response:
        return web.Response(body=STATUS, content_type="application/json")

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/inference/status/{job_id}", status)
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


async def by_exchange(url: str, requests_made: int) -> None:
    """As the driver polls: eight in flight, each answer parsed into an event."""
    async with Exchange(url, time.monotonic) as exchange:

        async def poll() -> None:
            for _ in range(requests_made // 8):
                answer = await exchange.ask("GET", PATH)
                if protocol.read_status("job", answer, "secret", 0.0).status != "processing":
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
        asyncio.run(by_exchange(url, requests_made))
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
    """Bytes of one flight with what the driver keeps for it (the answer it saw last among them)."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    flights = {}
    for number in range(jobs):
        job_id = f"{number:08d}-0000-4000-8000-000000000000"
        callback = protocol.Callback(f"http://127.0.0.1:8092/callback/{number:016d}", "s" * 64)
        assignment = Assignment(Job(prompt="a red fox", seed=number), f"job_{number}", callback)
        answered = Answered(at=0.0, job=f"job_{number}", took=0.0, job_id=job_id)
        flight = Flight(assignment, answered, job_id, Clocks.started(0.0))
        answer = protocol.Answer(0.01, 200, "application/json", bytes(STATUS))
        flight.saw(protocol.read_status(f"job_{number}", answer, "", 1.0), answer)
        flights[job_id] = flight
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / len(flights)


async def lateness(url: str, jobs: int, interval: float, rounds: int) -> float:
    """The 99th percentile of how late polls leave, in intervals; jobs are due evenly spread."""
    late: list[float] = []
    async with Exchange(url, time.monotonic) as exchange:
        began = time.monotonic()

        async def poll(due: float) -> None:
            late.append(time.monotonic() - due)
            await exchange.ask("GET", PATH)

        async with asyncio.TaskGroup() as tasks:
            for turn in range(jobs * rounds):
                due = began + turn * interval / jobs
                if (wait := due - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                tasks.create_task(poll(due))
    return quantiles(late, n=100)[-1] / interval


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests and jobs")
    quick = parser.parse_args().quick
    with a_miner() as url:
        request = cost_of_one_request(url, 1_600 if quick else 8_000, 5)
        sizes = (100, 1_000) if quick else (100, 1_000, 10_000)
        for jobs in sizes:
            memory = memory_of_a_job(jobs)
            late = asyncio.run(lateness(url, jobs, 5.0, 1 if quick else 2))
            print(f"{jobs:>6} jobs: {memory:.0f} bytes a job; polls late by {late:.3f} intervals")
    print(f"ratio driver_request {request:.3f}")
    print(f"ratio job_memory_bytes {memory:.0f}")
    print(f"ratio poll_lateness_p99 {late:.3f}")


if __name__ == "__main__":
    main()
