"""Trainings: they take time while inference runs, and do not affect it. Beside an engine that
samples, each really trains a LoRA, which can be asked for afterwards."""

import asyncio
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reference.engine.client import EngineError, ask
from reference.engine.messages import Training as TrainingOrder
from reference.miner.answers import iso
from reference.miner.requests import TrainBody

PARTS = 20


@dataclass(slots=True)
class Training:
    """One training in progress."""

    job_id: str
    status: str
    queued_at: datetime
    progress: float = 0.0
    ended_at: datetime | None = None
    lora_path: str = ""
    error: str = ""

    def view(self) -> dict[str, Any]:
        """Its status as JSON."""
        body = {
            "job_id": self.job_id,
            "status": self.status,
            "progress": self.progress,
            "queued_at": iso(self.queued_at),
        }
        told = {"lora_path": self.lora_path, "error": self.error}
        body |= {name: value for name, value in told.items() if value}
        return body | ({"completed_at": iso(self.ended_at)} if self.ended_at else {})


class Trainings:
    """Trainings by id, each a task that takes ``seconds``, or as long as the engine at ``address``
    needs, if there is one; ended ones are kept ``retention`` s."""

    def __init__(self, seconds: float, retention: float, address: str = "") -> None:
        self._seconds = seconds
        self._address = address
        self._retention = retention
        self._known: dict[str, Training] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False

    def get(self, job_id: str) -> Training | None:
        return self._known.get(job_id)

    def busy(self, job_id: str) -> bool:
        """Whether a training of this id is still running."""
        training = self._known.get(job_id)
        return training is not None and training.ended_at is None

    def start(self, job_id: str, asked: TrainBody) -> Training:
        """Start at once; trainings run in parallel."""
        training = Training(job_id, "processing", datetime.now(UTC))
        self._known[job_id] = training
        task = asyncio.create_task(self._train(training, asked))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return training

    async def stop(self) -> None:
        """Cancel running trainings."""
        self._stopping = True
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _train(self, training: Training, asked: TrainBody) -> None:
        if self._address:
            await asyncio.to_thread(self._train_really, training, asked)
        else:
            for part in range(1, PARTS + 1):
                await asyncio.sleep(self._seconds / PARTS)
                training.progress = 100.0 * part / PARTS
        training.status = "failed" if training.error else "completed"
        training.ended_at = datetime.now(UTC)
        await asyncio.sleep(self._retention)
        if self._known.get(training.job_id) is training:
            del self._known[training.job_id]

    def _train_really(self, training: Training, asked: TrainBody) -> None:
        name = f"trained/{training.job_id}.safetensors"
        encoded = asked.image_b64
        picture = b64decode(encoded.partition("base64,")[2] or encoded)
        order = TrainingOrder(name=name, prompt=asked.prompt, picture=picture)
        try:
            for said in ask(self._address, order):
                if self._stopping:
                    return
                if isinstance(said, float):
                    training.progress = said
        except EngineError as error:
            training.error = str(error)
        else:
            training.lora_path = name
