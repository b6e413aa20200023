"""Lines that were left out at regular distances: every second row, two of every eight columns."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asyncproof.images.pixels import Pixels
from asyncproof.images.reference.content import colour_name
from asyncproof.images.region import Region
from asyncproof.images.single.statistics import Ints, Statistics
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds

MOST_LINES = 16  # from one gap to the next; wider ones are fences and staves
LEAST_SHADES = 24  # of green in a line of a picture
_ORDINALS = {2: "second", 3: "third"}


@dataclass(frozen=True, slots=True)
class _Gaps:
    """``size`` flat lines in every ``period``, from line ``first`` to before line ``end``."""

    first: int
    end: int
    period: int
    size: int
    colour: str
    share: float

    def place(self, line: str) -> str:
        ordinal = _ORDINALS.get(self.period, f"{self.period}th")
        if self.size == 1:
            return f"every {ordinal} {line}"
        return f"{self.size} of every {self.period} {line}s"

    @property
    def phrase(self) -> str:
        return f"{'is' if self.size == 1 else 'are'} flat {self.colour}".rstrip()


def missing_lines(
    pixels: Pixels, statistics: Statistics, limits: Thresholds
) -> Iterator[Suspicion]:
    """Rows, or columns, of one colour among lines of a picture.

    Not both, which is a grid that was drawn, nor among lines that are alike or of few colours, as
    in patterns and halftones.
    """
    height, width = statistics.height, statistics.width
    rows = _find(statistics.row_low, statistics.row_high, limits)
    columns = _find(statistics.column_low, statistics.column_high, limits)
    if rows is not None and columns is None:
        region = Region(0, rows.first, width, rows.end, width, height)
        if _is_picture(pixels[rows.first : rows.end], rows, limits):
            yield _suspicion(rows, "row", region)
    if columns is not None and rows is None:
        region = Region(columns.first, 0, columns.end, height, width, height)
        lines = pixels.transpose(1, 0, 2)[columns.first : columns.end]
        if _is_picture(lines, columns, limits):
            yield _suspicion(columns, "column", region)


def _is_picture(lines: Pixels, found: _Gaps, limits: Thresholds) -> bool:
    """Whether the lines in the middle of what lies between the gaps change, along and across."""
    middle = found.size + (found.period - found.size) // 2
    between = lines[middle :: found.period, :, :3]
    if len(between) < limits.gap_lines - 1:
        return False
    along = (between[:, 1:] != between[:, :-1]).any(axis=2).mean()
    across = (between[1:] != between[:-1]).any(axis=(1, 2)).mean()
    shades = [len(np.unique(line[:, 1])) for line in between]
    return bool(
        along >= limits.gap_busy
        and across >= limits.gap_apart
        and np.median(shades) >= LEAST_SHADES
    )


def _suspicion(found: _Gaps, line: str, region: Region) -> Suspicion:
    place = found.place(line)
    if region.share < 1 - 2 * MOST_LINES / min(region.width, region.height):
        place = f"{place} of {region}"
    return Suspicion(Sign.GAPS, region, found.phrase, 1.0, place, found.share)


def _find(low: Ints, high: Ints, limits: Thresholds) -> _Gaps | None:
    flat = (high - low <= limits.flat_range).all(axis=1)
    edges = np.diff(np.concatenate([[False], flat, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if len(starts) < limits.gap_lines:
        return None
    period, regular = _usual(np.diff(starts))
    size, alike = _usual(ends - starts)
    if min(regular, alike) < limits.gap_regular or period > MOST_LINES:
        return None
    colours = low[flat]
    one_colour = int(np.ptp(colours, axis=0).max()) <= limits.border_contrast
    colour = colour_name(np.median(colours, axis=0)) if one_colour else ""
    return _Gaps(int(starts[0]), int(ends[-1]), period, size, colour, float(flat.mean()))


def _usual(numbers: npt.NDArray[np.int64]) -> tuple[int, float]:
    """The number that comes most often, and its share."""
    values, counts = np.unique(numbers, return_counts=True)
    most = int(np.argmax(counts))
    return int(values[most]), float(counts[most] / len(numbers))
