"""Stress runs by Locust: a master and two workers, one verdict; a worker that dies is told."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from asyncproof.harness.exit_codes import ExitCode
from tests import ROOT
from tests.support.miners import forked_miner
from tests.support.shell import Shell
from tests.support.waiting import TIMEOUT, until

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("locust") is None, reason="pip install -r requirements_locust.txt"
)
SIZE = {"ASYNC_IMAGE_SIZE": "64x64", "ASYNC_STEPS": "2", "PYTHON": sys.executable}
FAULTY = ["--fault", "callback-twice", "--trigger", "every:10", "--job-seconds", "0.1"]


@pytest.fixture(scope="module")
def faulty() -> Iterator[str]:
    with forked_miner(FAULTY) as url:
        yield url


def test_two_workers_have_one_verdict_and_locust_knows_of_it(faulty: str, tmp_path: Path) -> None:
    ran = Shell(tmp_path).run(
        ".ci/stress-distributed",
        *("--jobs", "40", "--run-seed", "7", "--reports", str(tmp_path)),
        *("--csv", str(tmp_path / "stats")),
        ASYNC_MINER_URL=faulty,
        **SIZE,
    )
    assert ran.code == ExitCode.FINDINGS, ran.output
    assert "Part 1-of-2: 20 jobs" in ran.output
    assert "Part 2-of-2: 20 jobs" in ran.output
    assert "MUST CBK-4" in ran.output
    assert "FINDING,CBK-4" in (tmp_path / "stats_failures.csv").read_text()
    for stage in ("accept", "queue", "work", "callback", "whole"):
        assert f"JOB,{stage},40" in (tmp_path / "stats_stats.csv").read_text()


def test_a_worker_that_dies_is_told_with_what_is_lost(faulty: str, tmp_path: Path) -> None:
    """What the other one found counts all the same."""
    command = [".ci/stress-distributed", "--jobs", "100000", "--reports", str(tmp_path)]
    with (
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=Shell(tmp_path).environ(ASYNC_MINER_URL=faulty, **SIZE),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as script,
        ended_with(script),
    ):
        until("both parts have come to the master", lambda: len(parts(tmp_path)) == 2)
        family = psutil.Process(script.pid).children(recursive=True)
        victim = next(p for p in family if "--worker" in p.cmdline())
        for process in [*victim.children(recursive=True), victim]:
            process.kill()
        (master,) = [p for p in family if "--master" in p.cmdline()]
        os.kill(master.pid, signal.SIGTERM)
        output, _ = script.communicate(timeout=TIMEOUT)
    assert script.returncode in (ExitCode.FINDINGS, ExitCode.INCONCLUSIVE), output
    assert "INCOMPLETE: the machine of part" in output
    assert "were in flight and are lost" in output


@contextmanager
def ended_with(script: subprocess.Popen[str]) -> Iterator[None]:
    """Where the test fails, its script and what it started end: they would go on for hours."""
    try:
        yield
    except BaseException:
        os.killpg(script.pid, signal.SIGTERM)
        raise


def parts(folder: Path) -> list[Path]:
    """The histories of which something has come."""
    return [h for h in folder.glob("parts-*/*/history.ndjson") if h.stat().st_size]
