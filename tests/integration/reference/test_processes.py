"""The same hangs with real processes and short budgets."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from reference.miner.jobs import Status
from reference.miner.loras import LORAS
from tests.support.shop import BUDGET, SHORT, a_shop, stuck_lines, until

TICKS = 2 * float(str(SHORT["tick"]))
SLACK = 8.0  # seconds; what a machine full of other work may take to give us a turn
LINE = re.compile(
    r"Process \d+ seems to be stuck mid (?P<stage>[a-z-]+) - "
    r"Last heartbeat: (?P<silent>\d+\.\d)s ago, Last progress change: (?P<still>\d+\.\d)s ago, "
    r"Progress: (?P<percent>\d+%|unknown), Job: (?P<job>\w+)"
)


@dataclass(frozen=True, slots=True)
class Hang:
    """A fault with its value, the percentage that is told, and the clock that finds it."""

    fault: str
    value: float
    percent: int
    clock: str


# At 0 % the progress clock runs since the start of the inference, so it is the first to tell.
SILENT = [Hang("hang", 0.0, 0, "still")]
SILENT += [Hang("hang", float(p), p, "silent") for p in (1, 25, 50, 75, 99, 100)]
BEATING = [Hang("hang-beating", float(p), p, "still") for p in (0, 1, 25, 50, 75, 99, 100)]
OTHERS = [
    Hang("oscillating-progress", 40.0, 41, "still"),
    Hang("falling-progress", 50.0, 50, "still"),
    Hang("ignores-sigterm", 42.0, 40, "silent"),
]


@pytest.mark.parametrize("hangs", [SILENT, BEATING, OTHERS], ids=["silent", "beating", "others"])
def test_a_hang_is_found_told_and_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, hangs: list[Hang]
) -> None:
    """Within the budget and two ticks, never earlier; the other process and later jobs go on."""
    caplog.set_level("INFO")

    async def run() -> None:
        await asyncio.gather(*(_hang(tmp_path, f"case{n}job", h) for n, h in enumerate(hangs)))

    asyncio.run(run())
    told = [LINE.fullmatch(line) for line in stuck_lines(caplog.records)]
    lines = {line["job"]: line for line in told if line is not None}
    assert len(lines) == len(told) == len(hangs)
    for number, hang in enumerate(hangs):
        line = lines[f"case{number}job1"]
        assert abs(int(line["percent"].rstrip("%")) - hang.percent) <= 1
        assert BUDGET - 0.05 <= float(line[hang.clock]) <= BUDGET + TICKS + SLACK, line[0]
    for words in (r"Replacing inference process \d", r"Process \d replaced successfully"):
        assert sum(bool(re.fullmatch(words, text)) for text in caplog.messages) == len(hangs)


async def _hang(folder: Path, name: str, hang: Hang) -> None:
    """One job hangs; five beside it and four after it complete; the books balance."""
    async with a_shop(folder, (hang.fault, hang.value), name=name) as shop:
        stuck = shop.submit(hang.fault)
        others = [shop.submit("fine") for _ in range(5)]
        await shop.all_ended()
        assert stuck.status is Status.FAILED
        assert {job.status for job in others} == {Status.COMPLETED}
        await until(lambda: all(slot.idle for slot in shop.engine.fleet.slots))
        others += [shop.submit("fine") for _ in range(4)]
        await until(lambda: all(job.terminal for job in shop.jobs))
        assert {job.status for job in others} == {Status.COMPLETED}
        assert shop.engine.books["submitted"] == 10
        assert shop.engine.books["completed"] == 9
        assert shop.engine.books["faulted"] == 1


STALLS = [
    ("stall-downloading", 0.0, "downloading"),
    ("stall-downloading", 1.0, "downloading"),
    ("stall-post-processing", 0.0, "post-processing"),
    ("stall-post-processing", 1.0, "post-processing"),
]


@pytest.mark.parametrize(("fault", "beating", "stage"), STALLS)
def test_a_stall_in_a_stage_is_found_by_the_budget_of_the_stage(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str, beating: float, stage: str
) -> None:
    """With and without heartbeats."""
    budgets: dict[str, Any] = {"inference_step_timeout": 30.0, "first_step_timeout": 30.0}

    async def run() -> None:
        async with a_shop(tmp_path, (fault, beating), **budgets) as shop:
            shop.submit(fault, lora_path=LORAS[0])
            (job,) = await shop.all_ended()
            assert job.status is Status.FAILED
            assert stage in str(job.error)
            assert shop.balanced()

    asyncio.run(run())
    (line,) = stuck_lines(caplog.records)
    assert f"stuck mid {stage} " in line


@pytest.mark.parametrize("fault", ["stall-starting", "stall-preloading"])
@pytest.mark.parametrize("beating", [0.0, 1.0])
def test_a_process_that_does_not_get_up_is_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str, beating: float
) -> None:
    """The job that waited for it is done by its successor."""

    async def run() -> None:
        async with a_shop(tmp_path, (fault, beating), workers=1) as shop:
            shop.submit("fine")
            (job,) = await shop.all_ended()
            assert job.status is Status.COMPLETED

    asyncio.run(run())
    (line,) = stuck_lines(caplog.records)
    assert f"stuck mid {fault.removeprefix('stall-')} " in line


def test_a_process_stopped_from_outside_loses_its_job_to_another(tmp_path: Path) -> None:
    """SIGSTOP: the job is tried again and completes; the stopped process is gone."""

    async def run() -> None:
        async with a_shop(tmp_path, attempts=2, job_seconds=1.0) as shop:
            job = shop.submit("fine")
            process = await shop.until_working(job)
            process.suspend()
            await shop.all_ended()
            assert job.status is Status.COMPLETED
            assert (job.attempts, shop.engine.books["retried"]) == (2, 1)
            assert shop.balanced()
            await until(lambda: not _running(process))

    asyncio.run(run())


def test_all_processes_frozen_at_once_are_all_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By the rule for all, before the budget of any one of them is used up."""
    budgets: dict[str, Any] = {"inference_step_timeout": 40.0, "process_timeout": 2.0}

    async def run() -> None:
        async with a_shop(tmp_path, **budgets, attempts=2, job_seconds=1.0) as shop:
            jobs = [shop.submit("fine") for _ in range(4)]
            for job in jobs[:2]:
                (await shop.until_working(job)).suspend()
            await shop.all_ended()
            assert {job.status for job in jobs} == {Status.COMPLETED}
            assert shop.engine.books["replaced"] == 2
            assert shop.balanced()

    asyncio.run(run())
    assert "All inference processes are silent at once, replacing them all" in caplog.messages


def _running(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
