"""What a run left behind is looked for, and ports stay with those that they were promised to."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from asyncproof.harness.exit_status import ExitStatus
from asyncproof.harness.processes import Supervised
from asyncproof.worker import console
from asyncproof.worker import events as ev
from asyncproof.worker.cleanup import left_behind
from asyncproof.worker.lifecycle import HURRY
from asyncproof.worker.ports import HOST, OURS, free_port, held, listening
from asyncproof.worker.profile import load
from asyncproof.worker.record import WorkerHistory, build
from asyncproof.worker.runner import run
from tests import ROOT
from tests.support.lab import LIMITS, plan_for
from tests.unit.worker.test_checks import W

NOBODY = 2**22 + 1  # above the largest pid of any system


def a_run(wall: float, pid: int, url: str, scratch: str = "") -> WorkerHistory:
    """The record of a run that began at this Unix time and started this process."""
    start = ev.WorkerRunStarted(
        at=0.0, run="r", wall=wall, profile="", schema="document", limits=LIMITS, settings={}
    )
    worker = ev.WorkerStarted(
        at=0.1, worker=W, worker_id="me", pid=pid, url=url, command="", scratch=scratch
    )
    return build([start, worker, ev.WorkerRunEnded(at=1.0)])


def test_a_process_a_port_and_a_folder_that_are_still_there_are_named(tmp_path: Path) -> None:
    with listening(free_port()) as taken:
        url = f"http://{HOST}:{taken.getsockname()[1]}"
        left = left_behind(a_run(time.time(), os.getpid(), url, str(tmp_path)))
    mine = f"process {os.getpid()}"
    assert left == [
        mine,
        f"the temporary folder {tmp_path}",
        f"the port of {url}",
    ]
    told = [line.text for line in console.cleaned(left)]
    assert f"   left behind: {mine}" in told
    assert not any("complete" in text for text in told)


def test_nothing_is_named_where_nothing_is_left(tmp_path: Path) -> None:
    """Nor a later process that has the number of an earlier one."""
    url = f"http://{HOST}:{free_port()}"
    assert left_behind(a_run(time.time(), NOBODY, url, str(tmp_path / "gone"))) == []
    assert left_behind(a_run(0.0, os.getpid(), url)) == []


def test_a_run_that_is_interrupted_does_not_wait_long_for_its_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody pressed Ctrl-C, and a worker that ignores SIGTERM is killed soon."""
    graces = list[float | None]()
    stop = Supervised.stop

    def noted(process: Supervised, grace: float | None = None) -> ExitStatus:
        graces.append(grace)
        return stop(process, grace)

    monkeypatch.setattr(Supervised, "stop", noted)
    profile = load("document")
    limits = msgspec.structs.replace(LIMITS, stop=30.0)
    plan = plan_for(tmp_path, profile.command, profile, limits=limits, watch=600.0)

    async def interrupted() -> None:
        ready = asyncio.Event()
        task = asyncio.create_task(
            run(plan, lambda event: ready.set() if isinstance(event, ev.BecameReady) else None)
        )
        await ready.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(interrupted())
    assert graces == [HURRY]


def test_no_port_is_promised_twice_nor_handed_out_by_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor by another run: its search begins where this one's did, and finds the mark."""
    monkeypatch.setattr("random.randrange", lambda _: 4321)
    ports = [free_port() for _ in range(20)]
    search = "import random; random.randrange = lambda _: 4321\n"
    search += "from asyncproof.worker.ports import free_port; print(free_port())"
    other = subprocess.run(
        [sys.executable, "-c", search], cwd=ROOT, check=True, capture_output=True, text=True
    )
    ports.append(int(other.stdout))
    assert len(set(ports)) == 21
    assert set(ports) <= set(OURS)


def test_a_held_port_refuses_connections_and_belongs_to_nobody_else() -> None:
    """Until it is told to listen."""
    with held(free_port()) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port))
        asyncio.run(_listens(holder))
        with pytest.raises(OSError, match="in use"):
            listening(port)


async def _listens(holder: socket.socket) -> None:
    holder.listen()
    _, writer = await asyncio.open_connection(*holder.getsockname())
    writer.close()
