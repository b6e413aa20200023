"""The same hangs and healthy courses with real processes and short budgets."""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from reference.miner.jobs import Status
from reference.miner.loras import LORAS
from reference.tests.miner.supervision.shop import SHORT, Shop, a_shop, stuck_lines, until

BUDGET = float(str(SHORT["inference_step_timeout"]))
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


def test_a_late_result_of_a_replaced_process_is_counted_and_refused(tmp_path: Path) -> None:
    """The job ended once, when it was given up; what comes late is not its picture."""

    async def run() -> None:
        async with a_shop(tmp_path, ("late-result", None), workers=1) as shop:
            job = shop.submit("late-result")
            await shop.all_ended()
            await until(lambda: shop.engine.fleet.late == 1)
            await until(lambda: shop.engine.fleet.slots[0].idle)
            assert (job.status, job.image) == (Status.FAILED, None)
            assert shop.balanced()

    asyncio.run(run())


def test_a_job_is_given_up_after_its_last_attempt(tmp_path: Path) -> None:
    """Two attempts, then it fails with the reason; it is not tried for ever."""

    async def run() -> None:
        async with a_shop(tmp_path, ("hang", 50.0), attempts=2) as shop:
            shop.submit("hang")
            (job,) = await shop.all_ended()
            assert (job.status, job.attempts) == (Status.FAILED, 2)
            assert "was silent" in str(job.error)
            assert shop.balanced()

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


def test_a_crash_takes_down_one_job_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The signal is named to the operator and to the client."""

    async def run() -> None:
        async with a_shop(tmp_path, ("crash", 50.0)) as shop:
            bad = shop.submit("crash")
            good = [shop.submit("fine") for _ in range(4)]
            await shop.all_ended()
            assert bad.status is Status.FAILED
            assert "SIGSEGV" in str(bad.error)
            assert {job.status for job in good} == {Status.COMPLETED}
            assert shop.balanced()

    asyncio.run(run())
    assert any("ended unexpectedly mid inference (SIGSEGV)" in text for text in caplog.messages)


def test_jobs_that_nobody_is_left_for_fail_at_once(tmp_path: Path) -> None:
    """When every slot rests, waiting jobs are told so."""

    async def run() -> None:
        async with a_shop(tmp_path, ("crash", 50.0), workers=1, quarantine_failures=1) as shop:
            shop.submit("crash")
            waiting = [shop.submit("fine") for _ in range(3)]
            await shop.all_ended()
            assert {job.status for job in waiting} == {Status.FAILED}
            assert "failed too often" in str(waiting[0].error)
            assert shop.balanced()
            assert not shop.engine.ready

    asyncio.run(run())


def test_running_out_of_memory_fails_the_job_and_keeps_the_process(tmp_path: Path) -> None:
    """A MemoryError is an error of one job."""

    async def run() -> None:
        async with a_shop(tmp_path, ("out-of-memory", None), workers=1) as shop:
            bad, good = shop.submit("out-of-memory"), shop.submit("fine")
            await shop.all_ended()
            assert (bad.status, bad.error) == (Status.FAILED, "out of memory")
            assert good.status is Status.COMPLETED
            assert shop.engine.fleet.slots[0].replacements == 0

    asyncio.run(run())


def test_a_process_killed_by_the_kernel_for_memory_is_replaced(
    tmp_path: Path, memory_cgroup: Path
) -> None:
    """SIGKILL without a word; the job is tried again in a process outside of the small group."""

    async def run() -> None:
        patient: dict[str, Any] = {"attempts": 2, "inference_step_timeout": 30.0}
        async with a_shop(tmp_path, ("eats-memory", 250.0), workers=1, **patient) as shop:
            pid = shop.engine.pid(0)
            (memory_cgroup / "cgroup.procs").write_text(str(pid))
            shop.submit("eats-memory")
            (job,) = await shop.all_ended()
            assert (job.status, job.attempts) == (Status.COMPLETED, 2)
            assert shop.engine.pid(0) != pid

    asyncio.run(run())


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


def _running(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def memory_cgroup() -> Iterator[Path]:
    """A control group with 96 MiB, where the kernel and our rights allow one."""
    if sys.platform != "linux":
        pytest.skip("memory control groups are a thing of Linux")
    base, limit = Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"
    if not base.is_dir():
        base, limit = Path("/sys/fs/cgroup"), "memory.max"
    group = base / f"reference-miner-test-{psutil.Process().pid}"
    try:
        group.mkdir()
        (group / limit).write_text(str(96 * 2**20))
    except OSError as error:
        pytest.skip(f"no memory control group to be had: {error}")
    yield group
    group.rmdir()
