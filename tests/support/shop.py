"""An engine with real inference processes, short budgets and no HTTP around it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from reference.miner.engine import Engine
from reference.miner.faults import switched_on
from reference.miner.jobs import Job, PictureRequest
from reference.miner.messages import Task
from reference.miner.seams import Chain, Fault
from reference.miner.settings import Settings, configured
from reference.miner.triggers import Arming, Trigger
from tests.support.forked import warm_up

PATIENCE = 60.0
SHORT = {
    "workers": 2,
    "job_seconds": 0.2,
    "attempts": 1,
    "inference_step_timeout": 1.2,
    "first_step_timeout": 1.2,
    "preload_timeout": 3.0,
    "download_timeout": 1.5,
    "post_process_timeout": 1.5,
    "process_timeout": 30.0,
    "heartbeat": 0.1,
    "tick": 0.1,
    "replacement_cooldown": 0.0,
    "quarantine_failures": 100,
}
"""Budgets in seconds that a loaded machine still keeps for healthy work."""
BUDGET = float(str(SHORT["inference_step_timeout"]))


class ByPrompt(Arming):
    """Strikes a job with the faults that its prompt names."""

    def __init__(self) -> None:
        super().__init__(Trigger(), 0, lambda: 0)

    def __call__(self, fault: Fault, of: Job | Task | None) -> bool:
        return fault.name in of.request.prompt.split() if isinstance(of, Job) else True


@dataclass
class Shop:
    """The engine and the jobs that ended."""

    engine: Engine
    name: str
    jobs: list[Job] = field(default_factory=list)
    ended: "asyncio.Queue[Job]" = field(default_factory=asyncio.Queue)

    def submit(self, prompt: str = "", **request: Any) -> Job:
        """A small job with a few steps; the prompt names the faults that strike it."""
        defaults = {"width": 64, "height": 64, "steps": 10, "guidance": 7.0, "seed": 1}
        asked = PictureRequest(prompt=prompt, **(defaults | request))
        number = len(self.jobs) + 1
        job = Job(
            job_id=f"{self.name}{number}",
            number=number,
            request=asked,
            seed=1,
            path="/inference",
            base_url="",
            queued_at=datetime.now(UTC),
        )
        self.jobs.append(job)
        self.engine.books["submitted"] += 1
        self.engine.submit(job)
        return job

    async def all_ended(self) -> list[Job]:
        """Every job, once each has ended. Each ends exactly once."""
        async with asyncio.timeout(PATIENCE):
            ended = [await self.ended.get() for _ in self.jobs]
        assert sorted(job.number for job in ended) == [job.number for job in self.jobs]
        return self.jobs

    async def until_working(self, job: Job, percent: float = 1.0) -> psutil.Process:
        """The process that works on this job, once it is that far."""
        await until(lambda: job.worker is not None and (job.progress or 0) >= percent)
        pid = self.engine.pid(job.worker or 0)
        assert pid is not None
        return psutil.Process(pid)

    def balanced(self) -> bool:
        """submitted = completed + faulted."""
        books = self.engine.books
        return books["submitted"] == books["completed"] + books["faulted"] and self.ended.empty()


async def until(true: Callable[[], object]) -> None:
    """Wait until this holds, or fail."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what is waited for is in other processes
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_shop(
    folder: Path, *faults: tuple[str, float | None], name: str = "job", **changed: object
) -> AsyncIterator[Shop]:
    """A running engine whose jobs are called after ``name``; afterwards none of its processes is
    left."""
    warm_up()
    settings = configured(Settings(), SHORT | changed)
    arming = ByPrompt()
    ended: asyncio.Queue[Job] = asyncio.Queue()
    engine = Engine(settings, Chain(switched_on(faults), arming), arming, folder, ended.put_nowait)
    shop = Shop(engine, name, ended=ended)
    seen: set[psutil.Process] = set()
    try:
        engine.start()
        async with asyncio.timeout(PATIENCE):
            await engine.started.wait()
        seen |= _processes(engine)
        yield shop
        seen |= _processes(engine)
    finally:
        await engine.stop()
    left = [p for p in seen if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert not left, f"left behind: {left}"


def _processes(engine: Engine) -> set[psutil.Process]:
    pids = [engine.pid(slot) for slot in range(len(engine.fleet.slots))]
    return {psutil.Process(pid) for pid in pids if pid is not None and psutil.pid_exists(pid)}


def stuck_lines(records: list[logging.LogRecord]) -> list[str]:
    """The log lines about processes that hang."""
    return [r.getMessage() for r in records if "seems to be stuck" in r.getMessage()]
