"""The histories of several machines as one run: one order of time, one verdict.

Each machine has a clock of its own; they are brought together by the Unix times at which their runs
began. A part that was cut off counts as far as it goes: what it lost is named, and the verdict is
no pass.
"""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from asyncproof.facts.causes import PRIORITY
from asyncproof.harness import contract
from asyncproof.harness.history_file import HistoryError, HistoryWriter
from asyncproof.harness.verdict import Level, Verdict
from asyncproof.history.events import (
    AsyncEvent,
    Delivered,
    Downloaded,
    FellBehind,
    File,
    Judged,
    Listening,
    RunEnded,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
    Settled,
    Submitted,
    Unchanged,
    reader,
)
from asyncproof.history.recorder import own_folder
from asyncproof.run.late_checks import WHOLE_RUN
from asyncproof.run.session import PROTOCOL
from asyncproof.stress.folding import Folding
from asyncproof.stress.ledger import Ledger
from asyncproof.stress.result import StressResult, told
from asyncproof.stress.tally import Tally

NAME = "history.ndjson"
_ONCE = (RunStarted, Listening, ScenarioStarted, ScenarioEnded, RunEnded, Judged)
_SINCE = {Delivered: "began", Unchanged: "since", FellBehind: "since"}


@dataclass(slots=True)
class RunPart:
    """The history of one machine. ``sent`` counts its jobs, ``unsettled`` are those whose end it
    does not tell; ``end`` is its last event, None where it was cut off."""

    path: Path
    started: RunStarted
    sent: int = 0
    unsettled: set[str] = field(default_factory=set)
    last: float = 0.0
    end: RunEnded | None = None

    @property
    def lost(self) -> str:
        """What is missing of it, for a person; empty where nothing is."""
        name = self.path.parent.name
        if self.end is None:
            return (
                f"the machine of part {name} died {self.last:.1f} s after it began: of the "
                f"{self.sent} jobs that it had sent, {len(self.unsettled)} were in flight and are "
                "lost, and so is what it had not sent"
            )
        return f"part {name}: {self.end.incomplete}" if self.end.incomplete else ""

    def note(self, event: AsyncEvent) -> None:
        self.last = max(self.last, event.at)
        if isinstance(event, Submitted):
            self.sent += event.job not in self.unsettled
            self.unsettled.add(event.job)
        elif isinstance(event, Settled):
            self.unsettled.discard(event.job)
        elif isinstance(event, RunEnded):
            self.end = event


def parts_of(folder: Path) -> list[Path]:
    """The histories in the folders below this one, by name.

    Raises:
        HistoryError: there are none.
    """
    found = sorted(folder.glob(f"*/{NAME}"))
    if not found:
        raise HistoryError(f"no part of a run: there is no */{NAME} in {folder}")
    return found


def merged(paths: Sequence[Path], reports: Path) -> StressResult:
    """Judge these histories as one, in a new folder below ``reports``.

    Raises:
        HistoryError: none of them is the history of a run.
        OSError: the folder cannot be written to.
    """
    begun = {path: _started(path) for path in paths}
    parts = [RunPart(path, started) for path, started in begun.items() if started]
    silent = [path.parent.name for path, started in begun.items() if not started]
    if not parts:
        raise HistoryError(f"none of the {len(paths)} parts has the beginning of a run")
    run, folder = own_folder(reports)
    clauses = contract.load(PROTOCOL)
    spoken = parts[0].started.dialect
    theirs = spoken.levels if spoken else {}
    levels = contract.levels(clauses) | {name: Level(level) for name, level in theirs.items()}
    with ExitStack() as stack:
        writer = stack.enter_context(HistoryWriter(folder / NAME))
        ledger = stack.enter_context(Ledger(folder / "ledger.sqlite"))
        folding, tally = Folding(folder / NAME, ledger, levels), Tally()
        for event in _whole(parts, run):
            tally.take(event)
            folding.take(event, writer.append(event))
        results = folding.results()
        untold = (f"part {name} told nothing: all that it sent is lost" for name in silent)
        lost = "; ".join(filter(None, (*(part.lost for part in parts), *untold)))
        names = tuple(result.check for result in results)
        writer.append(Judged(at=tally.now, scenario=WHOLE_RUN, checks=names))
        writer.append(RunEnded(at=tally.now, incomplete=lost))
        verdict = Verdict(results, levels, incomplete=lost, priority=PRIORITY)
        first = parts[0].started
        return told(
            verdict,
            clauses,
            folding,
            tally,
            folder=folder,
            notes=tuple(_shares(parts)),
            run=run,
            seed=first.seed,
            target=first.target,
            began=first.wall,
            parts=[str(part.path) for part in parts],
        )


def _shares(parts: Sequence[RunPart]) -> Iterator[str]:
    for part in parts:
        left = len(part.unsettled)
        yield f"Part {part.path.parent.name}: {part.sent} jobs, {left} without an end"


def _started(path: Path) -> RunStarted | None:
    return next((event for event in reader.read(path) if isinstance(event, RunStarted)), None)


def _whole(parts: Sequence[RunPart], run: str) -> Iterator[AsyncEvent]:
    """All events in the order of time, as one scenario of one run."""
    first = min((part.started for part in parts), key=lambda started: started.wall)
    yield msgspec.structs.replace(first, run=run)
    begun = ScenarioStarted(
        at=0.0, name="stress", nemesis="quiet", jobs=0, shape=f"{len(parts)} parts", provokes=()
    )
    yield begun
    streams = [_shifted(part, part.started.wall - first.wall, n) for n, part in enumerate(parts)]
    last = 0.0
    for _, _, event in heapq.merge(*streams, key=lambda placed: placed[:2]):
        last = max(last, event.at)
        yield event
    yield ScenarioEnded(at=last, name="stress")


def _shifted(part: RunPart, by: float, number: int) -> Iterator[tuple[float, int, AsyncEvent]]:
    """The events of a part, on the clock of the whole; each no earlier than the one before it."""
    latest = 0.0
    for event in reader.read(part.path):
        part.note(event)
        if isinstance(event, _ONCE):
            continue
        changes: dict[str, Any] = {"at": event.at + by}
        if since := _SINCE.get(type(event)):
            changes[since] = getattr(event, since) + by
        if isinstance(event, Delivered) and event.image is not None:
            changes["image"] = _found_in(part, event.image)
        if isinstance(event, Downloaded) and event.file is not None:
            changes["file"] = _found_in(part, event.file)
        latest = max(latest, event.at + by)
        yield latest, number, msgspec.structs.replace(event, **changes)


def _found_in(part: RunPart, file: File) -> File:
    """The picture where its part keeps it."""
    return msgspec.structs.replace(file, path=str(part.path.parent.resolve() / file.path))
