"""Writes the history of a run of workers, and wakes tasks that wait for an event in it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from asyncproof.harness.recorder import RunRecorder
from asyncproof.worker.events import PhaseBegan, WorkerEvent

E = TypeVar("E")


class WorkerRecorder(RunRecorder[WorkerEvent]):
    """Belongs to one event loop. ``listen`` is called with each event as it is recorded."""

    def __init__(self, path: Path, listen: Callable[[WorkerEvent], None]) -> None:
        super().__init__(path)
        self._news = asyncio.Event()
        self.observers += [listen, self._wake]

    def _wake(self, _event: WorkerEvent) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def phase(self, worker: str, name: str) -> None:
        """A phase of this worker begins."""
        self.record(PhaseBegan(at=self.clock(), worker=worker, phase=name))

    def of(self, worker: str, kind: type[E]) -> list[E]:
        """This worker's events of one kind so far."""
        return [
            event
            for event in self.events
            if isinstance(event, kind) and getattr(event, "worker", "") == worker
        ]

    async def until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Wait for an event that makes ``holds`` true; False after ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not holds():
                    await self._news.wait()
        except TimeoutError:
            return False
        return True
