"""Combines several reads of a container's log: each line once, gaps reported. Pure."""

import base64
import binascii
from dataclasses import dataclass, field

import msgspec

from asyncproof.coordinator.kubernetes.judge import PodEnd

_end_decoder: msgspec.json.Decoder[PodEnd | None] = msgspec.json.Decoder(PodEnd | None)


@dataclass(frozen=True, slots=True)
class EventLine:
    line: bytes


@dataclass(frozen=True, slots=True)
class FilePart:
    path: str
    data: bytes


@dataclass(slots=True)
class Frames:
    """Numbered frames of the sidecar. While following, frames after a gap are not taken, because
    the last read (``last``) may fill it; that read reports gaps and skips them."""

    following: bool = True
    ended: bool = False
    end: PodEnd | None = None
    gaps: list[str] = field(default_factory=list)
    _next: int = 0

    def feed(self, line: bytes) -> EventLine | FilePart | None:
        """One complete line of the sidecar's log; returns what is new in it."""
        kind, number, rest = _split(line)
        if number is None or number < self._next:
            return None
        if number > self._next:
            if self.following:
                return None
            self.gaps.append(f"events: frames {self._next} to {number - 1} are missing")
        self._next = number + 1
        if kind == b"E":
            return EventLine(rest)
        if kind == b"F":
            return _file_part(rest)
        self._finish(rest)
        return None

    def _finish(self, rest: bytes) -> None:
        try:
            self.end = _end_decoder.decode(rest)
        except msgspec.MsgspecError:
            self.gaps.append("events: the last frame is damaged")
        self.ended = True

    def last(self) -> None:
        """From here on lines come from the last read, from the start of the log."""
        self.following = False

    def problem(self) -> str:
        """Why the events are incomplete; empty if they are complete."""
        if self.gaps:
            return "; ".join(self.gaps)
        return "" if self.ended else f"events: no last frame after frame {self._next - 1}"


def _split(line: bytes) -> tuple[bytes, int | None, bytes]:
    kind, _, rest = line.partition(b" ")
    number, _, rest = rest.partition(b" ")
    return kind, int(number) if kind in {b"E", b"F", b"Z"} and number.isdigit() else None, rest


def _file_part(rest: bytes) -> FilePart | None:
    name, _, data = rest.partition(b" ")
    path = name.decode(errors="replace")
    if path.startswith("/") or ".." in path.split("/"):
        return None
    try:
        return FilePart(path, base64.b64decode(data, validate=True))
    except binascii.Error:
        return None


@dataclass(slots=True)
class TimedLog:
    """Lines with the API's timestamps. Lines with the same timestamp are distinguished by their
    count.
    """

    received: int = 0
    gaps: list[str] = field(default_factory=list)
    _at: bytes = b""
    _count: int = 0
    _skip_at: bytes = b""
    _skip: int = 0
    _fresh: bool = False

    def again(self) -> None:
        """From here on lines come from a new read, from the start of the log."""
        self._skip_at, self._skip, self._fresh = self._at, self._count, bool(self._at)

    @property
    def at(self) -> bytes:
        """The timestamp of the last line."""
        return self._at

    def feed(self, line: bytes) -> bytes | None:
        """One line with its timestamp, without its end; the text if it is new."""
        stamp, _, text = line.partition(b" ")
        stamp = _comparable(stamp)
        if self._fresh:
            self._fresh = False
            if stamp > self._skip_at:
                told = f"log: lines between {self._skip_at.decode()} and {stamp.decode()} may be"
                self.gaps.append(f"{told} missing (the log was cut off at its start)")
        if stamp < self._skip_at:
            return None
        if stamp == self._skip_at and self._skip > 0:
            self._skip -= 1
            return None
        self._count = self._count + 1 if stamp == self._at else 1
        self._at = stamp
        self.received += len(text) + 1
        return text

    def missing(self, written: int) -> list[str]:
        """Gaps, also those that only show in the number of bytes that the suite wrote."""
        if self.received < written:
            return [*self.gaps, f"log: {self.received} of {written} bytes were received"]
        return self.gaps


def _comparable(stamp: bytes) -> bytes:
    """A timestamp of RFC 3339 with nine digits of fraction, so that two compare as text."""
    whole, _, fraction = stamp.rstrip(b"Z").partition(b".")
    return whole + b"." + fraction.ljust(9, b"0")
