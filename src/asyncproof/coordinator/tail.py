"""Follows a running suite: its log for the terminal, its events for the running tests."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from asyncproof.coordinator import events as ev

CHUNK = 64 * 1024
"""Bytes of log shown at once. More are counted, not shown; the file has them all."""
LONGEST_LINE = 4096
DUMPED = "Current thread 0x"  # faulthandler's heading of the thread that got the signal
FRAMES = 5

_decoder: msgspec.json.Decoder[ev.SuiteEvent] = msgspec.json.Decoder(ev.SuiteEvent)


class HeldFile:
    """A file that stays readable when the suite removes it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file: BinaryIO = path.open("ab+")

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, offset)

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> bool:
        """Put the file back if it was removed; True if so."""
        removed = not self.path.exists()
        if removed:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file.seek(0)
            with self.path.open("wb") as copy:
                shutil.copyfileobj(self._file, copy)
        self._file.close()
        return removed


@dataclass(frozen=True, slots=True)
class NewOutput:
    """What is new since the last read. ``skipped`` bytes of log were too many to show."""

    lines: tuple[str, ...] = ()
    skipped: int = 0
    moved: bool = False


@dataclass(slots=True)
class Follower:
    """Continues reading the log and the events of one attempt, in limited memory."""

    log: HeldFile
    events: HeldFile
    running: dict[str, None] = field(default_factory=dict)
    _log_at: int = 0
    _log_rest: bytes = b""
    _events_at: int = 0
    _events_rest: bytes = b""

    def look(self) -> NewOutput:
        moved = self._look_at_events()
        size = self.log.size
        skipped = max(0, size - self._log_at - CHUNK)
        if skipped:
            self._log_at, self._log_rest = self._log_at + skipped, b""
        data = self.log.read(self._log_at, CHUNK)
        self._log_at += len(data)
        return NewOutput(self._lines(data), skipped, moved or bool(data))

    def _lines(self, data: bytes) -> tuple[str, ...]:
        *lines, rest = (self._log_rest + data).split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines.append(rest)
            rest = b""
        self._log_rest = rest
        return tuple(line.decode(errors="replace") for line in lines)

    def _look_at_events(self) -> bool:
        moved = False
        while data := self.events.read(self._events_at, CHUNK):
            moved = True
            self._events_at += len(data)
            *lines, self._events_rest = (self._events_rest + data).split(b"\n")
            for line in lines:
                self._note(line)
        return moved

    def _note(self, line: bytes) -> None:
        try:
            event = _decoder.decode(line)
        except msgspec.MsgspecError:
            return  # reported at the end, when the whole file is read
        if isinstance(event, ev.Started):
            self.running[event.test] = None
        elif isinstance(event, ev.Phase) and event.when in {"teardown", "???"}:
            self.running.pop(event.test, None)

    def rest(self) -> tuple[str, ...]:
        """An incomplete last line."""
        rest, self._log_rest = self._log_rest, b""
        return (rest.decode(errors="replace"),) if rest else ()

    def close(self) -> tuple[str, ...]:
        """Restore removed files; returns which."""
        files = {"event file": self.events, "log": self.log}
        return tuple(
            f"the suite removed its {what}; restored from what was read"
            for what, file in files.items()
            if file.close()
        )


def last_lines(log: Path, count: int = 30) -> tuple[str, ...]:
    """The last lines of a log; nothing if there is none. Of the dump of all stacks that pytest
    writes at a deadline, only the head, which names the place."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - CHUNK))
            text = file.read().decode(errors="replace")
    except OSError:
        return ()
    lines = text.splitlines()
    dump = next((n for n, line in enumerate(lines) if line.startswith(DUMPED)), len(lines))
    return tuple(lines[: dump + FRAMES + 1][-count:])


@dataclass(slots=True)
class Stall:
    """Reports when there was no event for ``after`` seconds, and again after as long. Pure."""

    after: float
    moved_at: float
    told_at: float

    def look(self, now: float, *, moved: bool) -> float | None:
        """Seconds without an event, when it is time to report them."""
        if moved:
            self.moved_at = self.told_at = now
        if now - self.told_at < self.after:
            return None
        self.told_at = now
        return now - self.moved_at
