"""Real processes that crash, run out of memory, or are done with: what becomes of their jobs."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from reference.miner.jobs import Status
from tests.support.shop import a_shop, until


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
