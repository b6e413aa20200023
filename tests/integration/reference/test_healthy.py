"""Healthy work in real processes: slow, bursty, loud or wordless, it is left alone."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from reference.miner.jobs import Status
from reference.miner.launch import Launch
from reference.miner.loras import LORAS
from reference.miner.messages import Report, State, Task
from reference.miner.seams import Chain
from reference.miner.worker import Worker
from tests.support.shop import BUDGET, Shop, a_shop, stuck_lines


class Told:
    """The miner's end of a pipe, in the process itself."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def send(self, report: Report) -> None:
        self.reports.append(report)


def test_every_step_and_every_stage_is_told(tmp_path: Path) -> None:
    """From the download of its LoRA to the next wait."""
    pipe = Told()
    worker = Worker(Launch(number=1), pipe, Chain())  # type: ignore[arg-type]
    picture = {"prompt": "x", "width": 64, "height": 64, "steps": 5, "guidance": 7.0, "seed": 1}
    path = str(tmp_path / "x.png")
    worker.start()
    worker.work(Task(key="k", path=path, seconds=0.0, lora=LORAS[0], **picture))  # type: ignore[arg-type]
    told = [(report.state, report.percent) for report in pipe.reports]
    assert told == [
        *((state, None) for state in (State.STARTING, State.PRELOADING, State.WAITING)),
        *((state, None) for state in (State.DOWNLOADING, State.INFERRING)),
        *((State.INFERRING, 20.0 * step) for step in range(1, 6)),
        (State.POST_PROCESSING, 100.0),
        (State.COMPLETE, 100.0),
        (State.WAITING, None),
    ]


def test_healthy_work_of_every_kind_is_never_ended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """200 jobs: steady, slow, in bursts, without a percentage, with floods of output."""
    kinds: list[tuple[str, float | None]] = [
        ("slow", 4.0),
        ("bursty", 0.1),
        ("no-percentage", None),
        ("floods-output", 64.0),
    ]
    names = ["steady", *(name for name, _ in kinds)]

    async def run() -> Shop:
        async with a_shop(tmp_path, *kinds, workers=6, job_seconds=0.05) as shop:
            for number in range(200):
                shop.submit(names[number % len(names)], seed=number)
            await shop.all_ended()
            return shop

    shop = asyncio.run(run())
    assert {job.status for job in shop.jobs} == {Status.COMPLETED}
    assert shop.engine.books["replaced"] == 0
    assert shop.engine.books["completed"] == 200
    assert stuck_lines(caplog.records) == []


def test_a_miner_that_was_stopped_itself_ends_nobody(tmp_path: Path) -> None:
    """Its event loop stands still for longer than every budget; the jobs complete."""

    async def run() -> None:
        async with a_shop(tmp_path, job_seconds=5.0) as shop:
            job = shop.submit("fine")
            await shop.until_working(job)
            time.sleep(2 * BUDGET)  # noqa: ASYNC251 - this is what is tested
            await shop.all_ended()
            assert job.status is Status.COMPLETED
            assert shop.engine.books["replaced"] == 0

    asyncio.run(run())


def test_slow_work_is_warned_of_once_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Under the rate there is a warning of its own, and nothing else."""

    async def run() -> None:
        rate: dict[str, Any] = {"slow_rate": 6000.0, "slow_after": 0.1, "job_seconds": 3.0}
        async with a_shop(tmp_path, **rate) as shop:
            shop.submit("fine")
            (job,) = await shop.all_ended()
            assert job.status is Status.COMPLETED
            assert shop.engine.books["replaced"] == 0

    asyncio.run(run())
    warned = [r for r in caplog.records if "is slow mid inference" in r.getMessage()]
    assert [(r.levelname, "Job: job1" in r.getMessage()) for r in warned] == [("WARNING", True)]
