"""Feeding bytes as they arrive to a parser that is written as if it could read.

A parser is a generator: it yields how many bytes it wants and is sent them. ``Exactly(n)`` is
sent when all of them are there; ``AtMost(n)`` is sent what there is, in views of it. At the
end of the file :class:`EndOfFileError` is thrown into it where it waits.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias

Bytes: TypeAlias = bytes | memoryview


class EndOfFileError(Exception):
    """The file ended while the parser waited for bytes."""


@dataclass(frozen=True, slots=True)
class Exactly:
    count: int


@dataclass(frozen=True, slots=True)
class AtMost:
    count: int


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The last ``count`` bytes of the piece just taken are wanted again; nothing is sent."""

    count: int


Wanted: TypeAlias = Exactly | AtMost | GiveBack
Parser: TypeAlias = Generator[Wanted, Bytes, None]


class Feeder:
    """Drives one parser. It holds back fewer bytes than one ``Exactly`` asks for."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._held = b""
        self._wanted: Wanted | None = None
        self._advance(None)

    @property
    def ended(self) -> bool:
        """Whether the parser wants no more bytes."""
        return self._wanted is None

    def feed(self, data: Bytes) -> None:
        """Give the parser what it can take of the held bytes and ``data``."""
        view = memoryview(self._held + bytes(data) if self._held else data)
        at = 0
        while self._wanted is not None:
            take = self._share(len(view) - at)
            if take is None:
                break
            piece = view[at : at + take]
            at += take
            self._advance(piece)
            while isinstance(self._wanted, GiveBack):
                at -= self._wanted.count
                self._advance(b"")
        self._held = bytes(view[at:]) if self._wanted is not None else b""

    def _share(self, available: int) -> int | None:
        """How many bytes go to the parser now; None where it has to wait for more."""
        wanted = self._wanted
        if isinstance(wanted, AtMost):
            return min(available, wanted.count) or None
        return wanted.count if wanted is not None and wanted.count <= available else None

    def close(self) -> bytes:
        """End the file; the bytes that were held back for an ``Exactly`` are returned."""
        held, self._held = self._held, b""
        if self._wanted is not None:
            self._wanted = None
            try:
                self._parser.throw(EndOfFileError())
            except (StopIteration, EndOfFileError):
                return held
            self._parser.close()
        return held

    def _advance(self, piece: Bytes | None) -> None:
        try:
            self._wanted = next(self._parser) if piece is None else self._parser.send(piece)
        except StopIteration:
            self._wanted = None
