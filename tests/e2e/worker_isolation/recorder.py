"""Writes the history down as it happens, and wakes whoever waits for something in it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tests.e2e.worker_isolation.events import PhaseBegan, WorkerEvent
from tests.harness.history import HistoryWriter

E = TypeVar("E")


class Recorder:
    """The one clock and the one list of a run. Belongs to one event loop.

    ``listen`` is called with each event as it is recorded.
    """

    def __init__(self, path: Path, listen: Callable[[WorkerEvent], None]) -> None:
        self._began = time.monotonic()
        self._events: list[WorkerEvent] = []
        self._file = HistoryWriter(path)
        self._listen = listen
        self._news = asyncio.Event()

    def now(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self._began

    def add(self, event: WorkerEvent) -> None:
        self._events.append(event)
        self._file.append(event)
        self._listen(event)
        self._news.set()
        self._news = asyncio.Event()

    def phase(self, worker: str, name: str) -> None:
        """A phase of this worker begins."""
        self.add(PhaseBegan(at=self.now(), worker=worker, phase=name))

    def of(self, worker: str, kind: type[E]) -> list[E]:
        """This worker's events of one kind so far."""
        return [
            event
            for event in self._events
            if isinstance(event, kind) and getattr(event, "worker", "") == worker
        ]

    @property
    def events(self) -> Sequence[WorkerEvent]:
        return self._events

    async def until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Wait for an event that makes ``holds`` true; False after ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not holds():
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self._file.close()
