"""The mock hive on real sockets: it records what comes, and is as difficult as it is told to be."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from asyncproof.worker.events import HeartbeatReceived, HiveTurned
from asyncproof.worker.heartbeats import SCHEMAS
from asyncproof.worker.hive import Hive, Mode
from asyncproof.worker.recorder import WorkerRecorder

BEAT = {"worker_id": "w", "timestamp": "2026-01-02T03:04:05Z", "state": "ready"}
Story = Callable[[Hive, aiohttp.ClientSession, WorkerRecorder], Any]


def tell(folder: Path, story: Story, schema: str = "document") -> list[HeartbeatReceived]:
    """Run a story against a hive; the heartbeats that it recorded."""

    async def telling() -> list[HeartbeatReceived]:
        recorder = WorkerRecorder(folder / "history.ndjson", lambda _: None)
        try:
            hive = Hive("worker-1", 0, SCHEMAS.get(schema), recorder, delay=30.0)
            async with hive, aiohttp.ClientSession() as session:
                await story(hive, session, recorder)
            return recorder.of("worker-1", HeartbeatReceived)
        finally:
            recorder.close()

    return asyncio.run(telling())


async def beat(hive: Hive, session: aiohttp.ClientSession, timeout: float = 10.0) -> int:
    limit = aiohttp.ClientTimeout(total=timeout)
    async with session.post(f"{hive.url}/heartbeat/workers", json=BEAT, timeout=limit) as answer:
        return answer.status


@pytest.mark.parametrize(
    ("mode", "expected", "recorded"),
    [
        (Mode.OK, 200, 200),
        (Mode.ERROR, 500, 500),
        (Mode.REDIRECT, 200, 307),
        (Mode.RESET, aiohttp.ClientConnectionError, None),
        (Mode.SLOW, TimeoutError, None),
        (Mode.DOWN, aiohttp.ClientConnectionError, "nothing"),
    ],
)
def test_each_mode_treats_a_heartbeat_in_its_way_and_ends_with_ok(
    tmp_path: Path, mode: Mode, expected: Any, recorded: Any
) -> None:
    """What the worker saw and what the history says agree; afterwards the hive is good again."""

    async def story(hive: Hive, session: aiohttp.ClientSession, recorder: WorkerRecorder) -> None:
        await hive.turn(mode)
        if isinstance(expected, int):
            assert await beat(hive, session) == expected
        else:
            with pytest.raises(expected):
                await beat(hive, session, timeout=0.3 if mode is Mode.SLOW else 10.0)
        await hive.turn(Mode.OK)
        assert await beat(hive, session) == 200
        assert [turned.mode for turned in recorder.of("worker-1", HiveTurned)] == [mode, "ok"]

    beats = tell(tmp_path, story)

    assert [b.answered for b in beats] == ([] if recorded == "nothing" else [recorded]) + [200]
    assert [b.number for b in beats] == list(range(1, len(beats) + 1))
    assert {(b.worker_id, b.state, b.problems) for b in beats} == {("w", "ready", ())}


def test_a_hive_that_goes_down_cuts_the_connections_that_are_open(tmp_path: Path) -> None:
    async def story(hive: Hive, session: aiohttp.ClientSession, _: WorkerRecorder) -> None:
        assert await beat(hive, session) == 200  # this connection is kept alive
        await hive.turn(Mode.DOWN)
        with pytest.raises(aiohttp.ClientConnectionError):
            await beat(hive, session)

    assert len(tell(tmp_path, story)) == 1


def test_a_heartbeat_that_nobody_announced_is_told(tmp_path: Path) -> None:
    """A profile without heartbeats is held to its word."""

    async def story(hive: Hive, session: aiohttp.ClientSession, _: WorkerRecorder) -> None:
        await beat(hive, session)

    assert tell(tmp_path, story, schema="none")[0].problems


def test_two_hives_cannot_share_a_port(tmp_path: Path) -> None:
    async def story(hive: Hive, _: aiohttp.ClientSession, recorder: WorkerRecorder) -> None:
        with pytest.raises(OSError, match="in use"):
            Hive("worker-2", hive.port, None, recorder, delay=1.0)

    tell(tmp_path, story)
