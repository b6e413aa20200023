"""An append-only history of events: one NDJSON file, written as things happen.

Each suite defines its own event structs on top of :class:`Event` and reads them back with a decoder
of its own union. A line is flushed as soon as it is written, so a run that dies leaves everything
up to its last whole line.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

import msgspec


class Event(msgspec.Struct, frozen=True, tag=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened ``at`` seconds after the start of the run (monotonic clock)."""

    at: float


class Happened(Protocol):
    """What a history is made of: structs with a tag of their own and a time; mostly an Event."""

    @property
    def at(self) -> float: ...


E = TypeVar("E", bound=Happened)


class HistoryError(ValueError):
    """A history file that cannot be read; the message names the file, the line and the cure."""


class HistoryWriter:
    """Appends events to a file, one flushed line each. Safe to call from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()
        self._encoder = msgspec.json.Encoder()

    def append(self, event: Happened) -> int:
        """Write the event as one line, or nothing of it; where in the file it begins.

        Raises:
            OSError: the disk is full; the file ends with its last whole line.
        """
        line = self._encoder.encode(event) + b"\n"
        with self._lock:
            whole = self._file.tell()
            try:
                rest = memoryview(line)
                while rest:
                    rest = rest[self._file.write(rest) :]
            except OSError:
                self._file.truncate(whole)
                raise
        return whole

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


EVENT_BEGINS = b'{"type":'


@dataclass(frozen=True, slots=True)
class Salvaged(Generic[E]):
    """The readable part of a history. ``torn`` are the numbers of the lines that cannot, or of
    which only the last event can; ``lines`` is how many there are."""

    path: Path
    events: tuple[E, ...]
    lines: int
    torn: tuple[int, ...] = ()

    @property
    def before(self) -> tuple[E, ...]:
        """The events before the first torn line."""
        return self.events[: self.torn[0] - 1] if self.torn else self.events

    @property
    def problem(self) -> str:
        """What was left out, for people; empty if everything was read."""
        if not self.torn:
            return ""
        shown = ", ".join(f"{self.path}:{number}" for number in self.torn[:3])
        return (
            f"the evidence is incomplete: {len(self.torn)} of {self.lines} lines could not be read "
            f"and were left out ({shown}{', ...' * (len(self.torn) > 3)})"
        )


class HistoryReader(Generic[E]):
    """Reads the events of one union type back from a file."""

    def __init__(self, union: object) -> None:
        self._decoder: msgspec.json.Decoder[E] = msgspec.json.Decoder(union)

    def read(self, path: Path) -> Iterator[E]:
        """Yield the events in order. A last line without its newline is incomplete and is left out.

        Raises:
            HistoryError: the file is missing, or a complete line in it is not an event.
        """
        try:
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if not line.endswith(b"\n"):
                        return
                    yield self._event(path, number, line)
        except OSError as error:
            raise HistoryError(f"cannot read the history {path}: {error.strerror}") from error

    def read_from(self, path: Path, position: int = 0) -> Iterator[tuple[int, E]]:
        """The events from the line that begins there on, each with where it begins.

        Raises:
            HistoryError: as :meth:`read`.
        """
        try:
            with path.open("rb") as lines:
                lines.seek(position)
                for line in lines:
                    if not line.endswith(b"\n"):
                        return
                    yield position, self._event(path, 0, line)
                    position += len(line)
        except OSError as error:
            raise HistoryError(f"cannot read the history {path}: {error.strerror}") from error

    def salvage(self, path: Path) -> Salvaged[E]:
        """Everything that can be read, without lines that a full disk or a power failure damaged.

        Raises:
            HistoryError: the file is missing, or there are lines and none of them is an event.
        """
        events, torn, number, first = list[E](), list[int](), 0, b""
        try:
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    whole, event = self._salvaged(line)
                    first = first if torn or whole else line
                    torn += [] if whole else [number]
                    events += [] if event is None else [event]
        except OSError as error:
            raise HistoryError(f"cannot read the history {path}: {error.strerror}") from error
        if torn and not events:
            self._event(path, torn[0], first)
        return Salvaged(path, tuple(events), number, tuple(torn))

    def _salvaged(self, line: bytes) -> tuple[bool, E | None]:
        """Whether the line is whole, and its event. After an interrupted write, the next event is
        on the same line."""
        start = 0
        while start >= 0:
            try:
                return start == 0, self._decoder.decode(line[start:])
            except msgspec.MsgspecError:
                start = line.find(EVENT_BEGINS, start + 1)
        return False, None

    def _event(self, path: Path, number: int, line: bytes) -> E:
        try:
            return self._decoder.decode(line)
        except msgspec.MsgspecError as error:
            message = f"{path}:{number} is not an event of this suite ({error}); was it edited?"
            raise HistoryError(message) from error
