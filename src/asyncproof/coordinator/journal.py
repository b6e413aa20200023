"""The coordinator's own history: which attempts began and ended, so that a later one can
continue."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from asyncproof.coordinator.exit_reason import ProcessEnd, Reason
from asyncproof.harness.history_file import Event, HistoryReader

NAME = "run.ndjson"


class SuitesStarted(Event, frozen=True, tag="RunStarted"):
    """``suites`` are names of the suites file; ``wall`` is Unix time; ``pid`` the coordinator's.

    ``env`` names the variables of ``--env``; ``env_digest`` shows whether their values are the same
    again without storing them, because one may be a secret.
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
    """Another coordinator continued; ``reaped`` names what it found running and ended."""

    wall: float
    pid: int
    reaped: tuple[str, ...] = ()


class AttemptStarted(Event, frozen=True):
    suite: str
    number: int


class AttemptEnded(Event, frozen=True):
    suite: str
    number: int
    ended: ProcessEnd


class Stalled(Event, frozen=True):
    """There was no event for ``silent`` seconds while these tests were running."""

    suite: str
    silent: float
    running: tuple[str, ...]


class SuitesEnded(Event, frozen=True, tag="RunEnded"):
    exit_code: int


RunEvent: TypeAlias = (
    SuitesStarted | RunResumed | AttemptStarted | AttemptEnded | Stalled | SuitesEnded
)
reader: HistoryReader[RunEvent] = HistoryReader(RunEvent)


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier coordinator did: its run, and how each attempt at each suite ended."""

    start: SuitesStarted | None
    attempts: dict[str, dict[int, ProcessEnd]] = field(default_factory=dict)


def replay(journal: Path) -> Past:
    """Read a run back. An attempt without an end was interrupted by the coordinator's death and is
    run again; so is one whose end is in an unreadable line.

    Raises:
        HistoryError: there is no journal, or nothing in the file is part of one.
    """
    start: SuitesStarted | None = None
    attempts: dict[str, dict[int, ProcessEnd]] = {}
    for event in reader.salvage(journal).events:
        match event:
            case SuitesStarted():
                start = event
            case AttemptStarted():
                died = ProcessEnd(cause=Reason.COORDINATOR_DIED)
                attempts.setdefault(event.suite, {})[event.number] = died
            case AttemptEnded():
                attempts.setdefault(event.suite, {})[event.number] = event.ended
    return Past(start, attempts)
