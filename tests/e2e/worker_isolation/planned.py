"""What a run is to do, as one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.heartbeats import SCHEMAS
from tests.e2e.worker_isolation.profile import Profile

NO_MODEL = "none"


class SetupError(RuntimeError):
    """The run could not begin; the message names the cure."""


class RefusedError(ValueError):
    """The worker ended by saying that it cannot be run like this; the message has its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run. ``ports`` and ``hive_ports`` have one entry for each worker, 0 for a free one.

    ``watch`` is the length of the first look at the heartbeats, in seconds. ``levels`` are numbers
    of requests at once to measure, with ``requests`` for each; none: no benchmark.
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
    limits: ev.Limits
    watch: float
    folder: Path
    difficult_hive: bool = True
    stop_process: bool = True
    levels: Sequence[int] = ()
    requests: int = 20

    @property
    def sends_heartbeats(self) -> bool:
        return self.schema in SCHEMAS
