"""What the parsers of all formats share: a position, defects, and the end of the file."""

from collections.abc import Generator
from typing import NoReturn

from asyncproof.images.file.defect import Defect, DefectKind
from asyncproof.images.file.push import (
    AtMost,
    Bytes,
    EndOfFileError,
    Exactly,
    Parser,
    Wanted,
)
from asyncproof.images.file.sniff import SNIFF_BYTES, type_by_content
from asyncproof.text import counted

PIECE = 1 << 16  # bytes; of what nobody reads but counts


class StopParsingError(Exception):
    """What follows cannot be read any more; the defect was noted."""


class Walker:
    """A parser of one file; ``defects`` grows as the bytes show them.

    ``expected`` is the (width, height) that the picture has to have, where it has to have one.
    """

    def __init__(self, expected: tuple[int, int] | None = None) -> None:
        self.defects: list[Defect] = []
        self.size: tuple[int, int] | None = None
        self._expected = expected
        self._at = 0
        self._inside = "the start"

    def walk(self) -> Parser:
        """The generator for a :class:`~asyncproof.images.file.push.Feeder`."""
        try:
            yield from self._file()
        except StopParsingError:
            return
        except EndOfFileError:
            self._end_of_file()

    def _file(self) -> Parser:
        raise NotImplementedError

    def _end_of_file(self) -> None:
        self._found(DefectKind.TRUNCATED, f"file ends inside {self._inside}", self._at)

    def _take_size(self, width: int, height: int, offset: int) -> None:
        self.size = (width, height)
        if self._expected is not None and self._expected != self.size:
            wanted = f"{self._expected[0]}x{self._expected[1]}"
            detail = f"{width}x{height} pixels instead of {wanted}"
            self._found(DefectKind.DIMENSIONS, detail, offset)

    def _after_end(self) -> Parser:
        """Take whatever follows the end of the picture; it is a defect, named by its look."""
        end, head, count = self._at, b"", 0
        try:
            while True:
                piece = yield AtMost(PIECE)
                head += piece[: max(0, SNIFF_BYTES - len(head))]
                count += len(piece)
        except EndOfFileError:
            if not count:
                return
        what = f"{counted(count, 'byte')} ({type_by_content(head)})"
        self._found(DefectKind.AFTER_END, f"{what} after the end of the picture", end)

    def _read(self, count: int) -> Generator[Wanted, Bytes, Bytes]:
        data = yield Exactly(count)
        self._at += count
        return data

    def _skip(self, count: int) -> Parser:
        while count:
            piece = yield AtMost(count)
            self._at += len(piece)
            count -= len(piece)

    def _found(self, kind: DefectKind, detail: str, offset: int) -> None:
        self.defects.append(Defect(kind, detail, offset))

    def _stop(self, kind: DefectKind, detail: str, offset: int) -> NoReturn:
        self._found(kind, detail, offset)
        raise StopParsingError
