"""The coordinator's own history: which attempts began and ended, so that a later one can go on."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tests.coordinator.ending import Ended, Reason
from tests.harness.history import Event, HistoryReader

NAME = "run.ndjson"


class RunStarted(Event, frozen=True):
    """``suites`` are names of the suites file; ``wall`` is Unix time; ``pid`` the coordinator's.

    ``env`` names the variables of ``--env``; ``env_digest`` tells whether their values are the same
    again without keeping them, because one may be a secret.
    """

    run: str
    suites: tuple[str, ...]
    wall: float
    pid: int
    shards: int = 1
    backend: str = "local"
    env: tuple[str, ...] = ()
    env_digest: str = ""


class RunResumed(Event, frozen=True):
    """Another coordinator went on; ``reaped`` names what it found running and ended."""

    wall: float
    pid: int
    reaped: tuple[str, ...] = ()


class AttemptStarted(Event, frozen=True):
    suite: str
    number: int


class AttemptEnded(Event, frozen=True):
    suite: str
    number: int
    ended: Ended


class Stalled(Event, frozen=True):
    """Nothing moved for ``silent`` seconds while these tests were running."""

    suite: str
    silent: float
    running: tuple[str, ...]


class RunEnded(Event, frozen=True):
    exit_code: int


RunEvent: TypeAlias = RunStarted | RunResumed | AttemptStarted | AttemptEnded | Stalled | RunEnded
reader: HistoryReader[RunEvent] = HistoryReader(RunEvent)


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier coordinator did: its run, and how each attempt at each suite ended."""

    start: RunStarted | None
    attempts: dict[str, dict[int, Ended]] = field(default_factory=dict)


def replay(journal: Path) -> Past:
    """Read a run back. An attempt without an end is one under which the coordinator died.

    Raises:
        HistoryError: there is no journal, or it was damaged.
    """
    start: RunStarted | None = None
    attempts: dict[str, dict[int, Ended]] = {}
    for event in reader.read(journal):
        match event:
            case RunStarted():
                start = event
            case AttemptStarted():
                died = Ended(cause=Reason.COORDINATOR_DIED)
                attempts.setdefault(event.suite, {})[event.number] = died
            case AttemptEnded():
                attempts.setdefault(event.suite, {})[event.number] = event.ended
    return Past(start, attempts)
