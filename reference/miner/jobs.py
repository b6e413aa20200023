"""The miner's records of jobs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import uuid4


class Status(StrEnum):
    """The life of a job; the last three are final."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.TIMEOUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRequest:
    """A checked request for one picture. No representation shows the secret."""

    prompt: str
    width: int
    height: int
    steps: int
    guidance: float
    seed: int | None
    lora_path: str | None = None
    source_url: str | None = None
    source: bytes | None = field(default=None, repr=False)
    callback_url: str | None = None
    callback_secret: str | None = field(default=None, repr=False)
    expiry: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The result of a callback: the ``callback`` object of a status answer."""

    status: str
    status_code: int | None = None
    response_preview: str | None = None
    attempted_at: datetime | None = None
    payload_status: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a job ended: the final status with the picture's file or the reason for its absence."""

    status: Status
    image: Path | None = None
    error: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """One accepted request. ``key`` is internal and unique; ``job_id`` may come from the client, so
    files are named only by ``key``. ``number`` counts submissions from 1. ``floor`` is the progress
    of earlier attempts, below which progress never falls."""

    job_id: str
    number: int
    request: PictureRequest
    seed: int
    path: str
    base_url: str
    queued_at: datetime
    key: str = field(default_factory=lambda: uuid4().hex)
    status: Status = Status.QUEUED
    progress: float | None = None
    source: Path | None = None
    attempts: int = 0
    floor: float = 0.0
    worker: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    image: Path | None = None
    error: str | None = None
    callback: Section | None = None

    @property
    def terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def model(self) -> str:
        """The model in statistics of hangs: the requested LoRA, or ``base``."""
        return self.request.lora_path or "base"

    @property
    def image_url(self) -> str:
        return f"{self.base_url}/images/{self.job_id}.png"


class JobStore:
    """Jobs by their public id. A terminal job releases its id."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self.accepted = 0

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def busy(self, job_id: str) -> bool:
        """Whether a job of this id is still queued or processing."""
        job = self._jobs.get(job_id)
        return job is not None and not job.terminal

    def add(self, job: Job) -> None:
        self._jobs[job.job_id] = job
        self.accepted += 1

    def forget(self, job: Job) -> None:
        """Drop this job, unless a later one has its id."""
        if self._jobs.get(job.job_id) is job:
            del self._jobs[job.job_id]

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    @property
    def in_flight(self) -> int:
        return sum(not job.terminal for job in self._jobs.values())
