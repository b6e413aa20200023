"""What a run has to do, as one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asyncproof.worker import events as ev
from asyncproof.worker.heartbeats import SCHEMAS
from asyncproof.worker.profile import Profile

NO_MODEL = "none"


class WorkerSetupError(RuntimeError):
    """The run could not start; the message names the cure."""


class RefusedError(ValueError):
    """The worker refused its command line or model; the message quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """What to run. ``ports`` and ``hive_ports`` have one entry for each worker, 0 for a free one.

    ``watch`` is how long to watch the heartbeats at first, in seconds. ``levels`` are concurrency
    levels to measure, with ``requests`` for each; none: no benchmark.
    """

    profile: Profile
    command: str
    schema: str
    worker_ids: Sequence[str]
    model: str
    backend: str
    device: int
    ports: Sequence[int]
    hive_ports: Sequence[int]
    limits: ev.WorkerLimits
    watch: float
    folder: Path
    difficult_hive: bool = True
    stop_process: bool = True
    levels: Sequence[int] = ()
    requests: int = 20

    @property
    def sends_heartbeats(self) -> bool:
        return self.schema in SCHEMAS
