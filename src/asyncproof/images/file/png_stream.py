"""The header of a PNG and the exact number of rows that its pixel stream has to have."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from asyncproof.images.file.defect import Defect, DefectKind
from asyncproof.images.file.inflate import InflateError, Inflater
from asyncproof.images.file.push import Bytes

MAX_SIDE = (1 << 31) - 1
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
FILTERS = 5
_NUMBER = re.compile(r"^Error -?\d+ ")  # of the library that inflates: it means nothing to people
# Of each Adam7 pass: first column, first row, column step, row step (section 8.2).
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


@dataclass(frozen=True)
class PngHeader:
    """The fields of IHDR, and what follows from them."""

    width: int
    height: int
    depth: int
    colour: int
    compression: int = 0
    filtering: int = 0
    interlace: int = 0

    @cached_property
    def passes(self) -> tuple[tuple[int, int], ...]:
        """(rows, bytes of a row with its filter byte) of each pass that has pixels."""
        if not self.interlace:
            sizes = [(self.width, self.height)]
        else:
            sizes = [
                (-(-(self.width - x) // dx), -(-(self.height - y) // dy)) for x, y, dx, dy in ADAM7
            ]
        return tuple((h, 1 + self.row_bytes(w)) for w, h in sizes if w > 0 and h > 0)

    @cached_property
    def stream_bytes(self) -> int:
        """How many bytes the pixels inflate to."""
        return sum(rows * stride for rows, stride in self.passes)

    def row_bytes(self, width: int) -> int:
        return (width * CHANNELS[self.colour] * self.depth + 7) // 8

    def problem(self) -> str:
        """Why no decoder could make sense of this header; "" where it makes sense."""
        if not (0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE):
            return f"header promises {self.width}x{self.height} pixels"
        if self.depth not in DEPTHS.get(self.colour, ()):
            return f"header has colour type {self.colour} with {self.depth} bits"
        if self.compression or self.filtering or self.interlace > 1:
            methods = f"{self.compression}, {self.filtering}, {self.interlace}"
            return f"header names unknown methods (compression, filter, interlace: {methods})"
        return ""


class PngStream:
    """Takes the IDAT bytes of one picture and counts its rows; keeps them only where asked to."""

    def __init__(self, header: PngHeader, *, keep: bool) -> None:
        self.header = header
        self.length = 0
        self.rows = np.empty(header.stream_bytes, np.uint8) if keep else None
        self._inflater = Inflater()
        self._pass, self._pass_start = 0, 0

    def feed(self, data: Bytes) -> Defect | None:
        """The first defect that ``data`` shows. After one, nothing more is to be fed."""
        if self._inflater.ended:
            return self._after_stream(len(data))
        try:
            for block in self._inflater.take(data):
                defect = self._take(block)
                if defect:
                    return defect
        except InflateError as error:
            words = _NUMBER.sub("", str(error))
            return Defect(DefectKind.STREAM, f"pixel stream is corrupt {self.progress}: {words}")
        return self._after_stream(self._inflater.left_over)

    def finish(self) -> Defect | None:
        """The defect that shows when all IDAT chunks were fed."""
        if self.length < self.header.stream_bytes:
            return Defect(DefectKind.ROWS, f"pixel stream ends early {self.progress}")
        if not self._inflater.ended:
            return Defect(DefectKind.STREAM, "pixel stream has all rows but no end and no checksum")
        return None

    def _after_stream(self, count: int) -> Defect | None:
        if not count:
            return None
        return Defect(DefectKind.STREAM, "data follows the pixel stream inside its chunks")

    def _take(self, block: bytes) -> Defect | None:
        end = self.length + len(block)
        if end > self.header.stream_bytes:
            return Defect(
                DefectKind.ROWS,
                f"pixel stream goes on after its {self.header.height} rows of "
                f"{self.header.width} pixels",
            )
        if self.rows is not None:
            self.rows[self.length : end] = np.frombuffer(block, np.uint8)
        defect = self._check_filters(block)
        self.length = end
        return defect

    def _check_filters(self, block: bytes) -> Defect | None:
        """Look at the first byte of every row that begins in ``block``."""
        at, end = self.length, self.length + len(block)
        while at < end:
            rows, stride = self.header.passes[self._pass]
            stop = min(end, self._pass_start + rows * stride)
            first = at + (self._pass_start - at) % stride
            kinds = block[first - self.length : stop - self.length : stride]
            if kinds and max(kinds) >= FILTERS:
                row = (first - self._pass_start) // stride + [k >= FILTERS for k in kinds].index(
                    True
                )
                return Defect(DefectKind.ROWS, f"row {row} has a filter that does not exist")
            if stop == self._pass_start + rows * stride:
                self._pass, self._pass_start = self._pass + 1, stop
            at = stop
        return None

    @property
    def progress(self) -> str:
        """How far the rows have come, in words."""
        if self.header.interlace:
            return f"after {self.length} of {self.header.stream_bytes} bytes"
        rows = self.length // self.header.passes[0][1]
        return f"after {rows} of {self.header.height} rows"
