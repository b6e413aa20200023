"""Trainings: they take their time beside the inference and touch nothing of it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reference.miner.answers import iso

PARTS = 20


@dataclass(slots=True)
class Training:
    """One training on its way."""

    job_id: str
    status: str
    queued_at: datetime
    progress: float = 0.0
    ended_at: datetime | None = None

    def view(self) -> dict[str, Any]:
        """Its status as JSON."""
        body = {
            "job_id": self.job_id,
            "status": self.status,
            "progress": self.progress,
            "queued_at": iso(self.queued_at),
        }
        return body | ({"completed_at": iso(self.ended_at)} if self.ended_at else {})


class Trainings:
    """Trainings by id, each a task that takes ``seconds``; ended ones are kept ``retention`` s."""

    def __init__(self, seconds: float, retention: float) -> None:
        self._seconds = seconds
        self._retention = retention
        self._known: dict[str, Training] = {}
        self._running: set[asyncio.Task[None]] = set()

    def get(self, job_id: str) -> Training | None:
        return self._known.get(job_id)

    def busy(self, job_id: str) -> bool:
        """Whether a training of this id is still under way."""
        training = self._known.get(job_id)
        return training is not None and training.ended_at is None

    def start(self, job_id: str) -> Training:
        """Begin at once; trainings run side by side."""
        training = Training(job_id, "processing", datetime.now(UTC))
        self._known[job_id] = training
        task = asyncio.create_task(self._train(training))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return training

    async def stop(self) -> None:
        """Drop what is under way."""
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _train(self, training: Training) -> None:
        for part in range(1, PARTS + 1):
            await asyncio.sleep(self._seconds / PARTS)
            training.progress = 100.0 * part / PARTS
        training.status = "completed"
        training.ended_at = datetime.now(UTC)
        await asyncio.sleep(self._retention)
        if self._known.get(training.job_id) is training:
            del self._known[training.job_id]
