"""An append-only history of events: one NDJSON file, written as things happen.

Each suite defines its own event structs on top of :class:`Event` and reads them back with a decoder
of its own union. A line is flushed as soon as it is written, so a run that dies leaves everything
up to its last whole line.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, Self, TypeVar

import msgspec


class Event(msgspec.Struct, frozen=True, tag=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened ``at`` seconds after the start of the run (monotonic clock)."""

    at: float


E = TypeVar("E", bound=Event)


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

    def append(self, event: Event) -> None:
        line = self._encoder.encode(event) + b"\n"
        with self._lock:
            self._file.write(line)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class HistoryReader(Generic[E]):
    """Reads the events of one union type back from a file."""

    def __init__(self, union: object) -> None:
        self._decoder: msgspec.json.Decoder[E] = msgspec.json.Decoder(union)

    def read(self, path: Path) -> Iterator[E]:
        """Yield the events in order. A last line without its newline was cut off, and is left out.

        Raises:
            HistoryError: the file is missing, or a whole line in it is not an event.
        """
        try:
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if not line.endswith(b"\n"):
                        return
                    yield self._event(path, number, line)
        except OSError as error:
            raise HistoryError(f"cannot read the history {path}: {error.strerror}") from error

    def _event(self, path: Path, number: int, line: bytes) -> E:
        try:
            return self._decoder.decode(line)
        except msgspec.MsgspecError as error:
            message = f"{path}:{number} is not an event of this suite ({error}); was it edited?"
            raise HistoryError(message) from error
