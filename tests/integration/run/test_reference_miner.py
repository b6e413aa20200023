"""The reference miner that a run starts ends with that run, however the run ends."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import ROOT

RUN = """
import signal
from asyncproof.run.reference_miner import reference_miner
with reference_miner() as url:
    print(url, flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_run_that_is_ended_leaves_no_miner_and_no_file(
    temporary: Path, number: signal.Signals
) -> None:
    """Neither processes nor anything in the temporary folder."""
    run = subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with run:
        assert run.stdout
        assert run.stdout.readline().startswith("http://")
        started = psutil.Process(run.pid).children(recursive=True)
        assert len(started) >= 4
        assert list(temporary.iterdir())
        run.send_signal(number)
        run.wait(30)

    deadline = time.monotonic() + 20
    while left := [*filter(alive, started), *temporary.iterdir()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with a short path: the miner makes a Unix socket in it."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        yield Path(folder)


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
