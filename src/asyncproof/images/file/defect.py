"""What can be wrong with the file of a picture, as values."""

from dataclasses import dataclass
from enum import StrEnum


class DefectKind(StrEnum):
    """The families of damage; the words are stable and meant for reports and filters."""

    EMPTY = "empty"
    TYPE = "type"
    HEADER = "header"
    DIMENSIONS = "dimensions"
    STRUCTURE = "structure"
    CHECKSUM = "checksum"
    STREAM = "stream"
    ROWS = "rows"
    PALETTE = "palette"
    TRUNCATED = "truncated"
    AFTER_END = "after-end"
    OVERSIZE = "oversize"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect of a file; ``offset`` is the byte where it shows, where that means something."""

    kind: DefectKind
    detail: str
    offset: int | None = None

    def __str__(self) -> str:
        where = "" if self.offset is None else f" (at byte {self.offset})"
        return f"{self.detail}{where}"
