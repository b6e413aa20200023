"""The messages between the miner and its inference processes."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What an inference process is doing."""

    STARTING = "starting"
    PRELOADING = "preloading"
    WAITING = "waiting"
    DOWNLOADING = "downloading"
    INFERRING = "inferring"
    POST_PROCESSING = "post-processing"
    COMPLETE = "complete"
    FAILED = "failed"
    ENDING = "ending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One attempt at one job. ``path`` is the file for the picture, unique to this attempt.

    ``source`` is the file of a picture to start from; ``seconds`` is the time to spread over the
    steps; ``beside`` counts the other jobs that were in flight when it began; ``armed`` names the
    faults that strike it.
    """

    key: str
    prompt: str
    width: int
    height: int
    steps: int
    guidance: float
    seed: int
    path: str
    seconds: float
    lora: str | None = None
    source: str | None = None
    beside: int = 0
    armed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class End:
    """Finish the current task and end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Evidence of life: a state, and within a job its key and percentage (0 to 100).

    ``launch`` identifies the process; a slot's next process has another one. ``detail`` has the
    reason if the state is FAILED.
    """

    launch: int
    state: State
    key: str | None = None
    percent: float | None = None
    detail: str = ""
