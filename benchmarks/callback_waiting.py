"""What it costs to wait for one callback: an event in the process, beside polling the list.

    python -m benchmarks.callback_waiting [--quick]

Processor time of the whole process, which holds the callback server and the client that waits. One
wait is held against a single poll of ``/callbacks`` (a real wait takes many), and against the other
ways to ask from outside: one job, and what is new.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import aiohttp

from asyncproof.history.events import Delivered
from asyncproof.receiver.callback_server import CallbackServer
from asyncproof.receiver.storage.entries import CallbackEntry, encode
from asyncproof.receiver.storage.index import Waiters

EVERY = 10_000


def journal(path: Path, entries: int) -> None:
    """A journal as an earlier server left it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as lines:
        for n in range(1, entries + 1):
            entry = CallbackEntry(
                number=n,
                received_at="2026-01-02T03:04:05.000+00:00",
                sender="127.0.0.1",
                path="/callback",
                secret="match",
                job_id=f"job-{n}",
                status="completed",
                completed_at="2026-01-02T03:04:04Z",
                answered=200,
                stored=True,
            )
            lines.write(encode(entry) + b"\n")


async def cost(act: Callable[[], Awaitable[object]], times: int) -> float:
    """Processor seconds of this process for one ``act``."""
    began = time.process_time()
    for _ in range(times):
        await act()
    return (time.process_time() - began) / times


async def one_wait(waiters: Waiters, number: int) -> None:
    """Wait in one task, be delivered from another."""
    job = f"waited-{number}"
    waiting = asyncio.ensure_future(waiters.wait_for(job, 60))
    await asyncio.sleep(0)
    waiters.delivered(
        Delivered(
            at=0.0,
            began=0.0,
            number=number,
            method="POST",
            path="/callback",
            token=None,
            secret="match",
            fields={"job_id": job},
        )
    )
    await waiting


async def measure(folder: Path, recorded: int, rounds: int, times: int) -> dict[str, list[float]]:
    """Processor seconds of one question, by the way it is asked, with ``recorded`` callbacks."""
    journal(folder / "journal.ndjson", recorded)
    server = CallbackServer(folder)
    await server.start()
    waiters, numbers = Waiters(), iter(range(10**9))
    for n in range(recorded):
        await one_wait(waiters, -n - 1)
    spent: dict[str, list[float]] = {}
    async with aiohttp.ClientSession(server.url) as session:

        async def ask(path: str) -> None:
            async with session.get(path) as response:
                await response.json()

        ways: dict[str, tuple[Callable[[], Awaitable[object]], int]] = {
            "event in the process": (lambda: one_wait(waiters, next(numbers)), times),
            "whole list": (lambda: ask("/callbacks"), max(3, times // 100)),
            "one job": (lambda: ask(f"/callbacks/job-{recorded}"), times // 10),
            "what is new": (lambda: ask(f"/callbacks?since={recorded - 1}"), times // 10),
        }
        for _ in range(rounds):
            for way, (act, repeated) in ways.items():
                spent.setdefault(way, []).append(await cost(act, repeated))
    await server.stop()
    return spent


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print; the ratio is in the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    rounds, times = (5, 300) if parser.parse_args().quick else (9, 1000)
    with tempfile.TemporaryDirectory() as name:
        for recorded in (EVERY // 100, EVERY // 10, EVERY):
            spent = asyncio.run(measure(Path(name) / str(recorded), recorded, rounds, times))
            for way, values in spent.items():
                say(
                    f"{recorded:6} recorded  {way:22} {median(values) * 1e6:10.1f} us "
                    f"({min(values) * 1e6:.1f} to {max(values) * 1e6:.1f})"
                )
    ratio = median(spent["whole list"]) / median(spent["event in the process"])
    say(f"ratio wait_for_one_callback_10000 {ratio:.0f}")


if __name__ == "__main__":
    main()
