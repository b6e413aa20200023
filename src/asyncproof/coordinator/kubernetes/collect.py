"""Follows the two containers of a suite's pod into the attempt's files, and reads them again."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from asyncproof.coordinator.attempt import SuiteAttempt
from asyncproof.coordinator.kubernetes.api import ApiError, Cluster
from asyncproof.coordinator.kubernetes.spec import SIDECAR, SUITE
from asyncproof.coordinator.kubernetes.streams import EventLine, FilePart, Frames, TimedLog


@dataclass(slots=True)
class PodFiles:
    """What one pod has sent. Files are written to the attempt's folder as they arrive; a broken
    stream is reopened after ``pause`` seconds."""

    attempt: SuiteAttempt
    pod: str
    pause: float
    frames: Frames = field(default_factory=Frames)
    log: TimedLog = field(default_factory=TimedLog)

    def take_event(self, line: bytes) -> None:
        match self.frames.feed(line):
            case EventLine(text):
                _append(self.attempt.events, text + b"\n")
            case FilePart(path, data):
                _append(self.attempt.folder / "reports" / path, data)

    def take_log(self, line: bytes) -> None:
        text = self.log.feed(line)
        if text is not None:
            _append(self.attempt.log, text + b"\n")


def _append(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)


async def follow(cluster: Cluster, collected: PodFiles) -> None:
    """Both containers, live, until the last frame is there or this is cancelled."""
    async with asyncio.TaskGroup() as group:
        log = group.create_task(_follow_log(cluster, collected))
        await _follow_events(cluster, collected)
        await asyncio.sleep(collected.pause)
        log.cancel()


async def _follow_events(cluster: Cluster, collected: PodFiles) -> None:
    while not collected.frames.ended:
        with suppress(ApiError):
            await _read(cluster, collected, SIDECAR, follow=True)
        await asyncio.sleep(collected.pause)


async def _follow_log(cluster: Cluster, collected: PodFiles) -> None:
    while True:
        with suppress(ApiError):
            await _read(cluster, collected, SUITE, follow=True)
        await asyncio.sleep(collected.pause)


async def read_again(cluster: Cluster, collected: PodFiles) -> list[str]:
    """Read both logs again from the start; returns what could not be read."""
    collected.frames.last()
    problems = []
    for container in (SIDECAR, SUITE):
        try:
            await _read(cluster, collected, container, follow=False)
        except ApiError as error:
            problems.append(f"{container}: the last read of its log failed: {error}")
    return problems


async def _read(cluster: Cluster, collected: PodFiles, container: str, *, follow: bool) -> None:
    params = {"container": container, "timestamps": "true", "follow": str(follow).lower()}
    if container == SUITE:
        collected.log.again()
    async with cluster.stream(f"pods/{collected.pod}/log", params) as lines:
        async for line in lines:
            if container == SUITE:
                collected.take_log(line)
            else:
                collected.take_event(line.partition(b" ")[2])
