"""Undoing the filters of a PNG, compiled; importing this needs numba."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from asyncproof.images.compiled.machine_code import inlined, machine_code
from asyncproof.images.pixels import Pixels

Line: TypeAlias = npt.NDArray[np.uint8]
Long: TypeAlias = np.signedinteger[Any]


def unfiltered(rows: bytearray | Line, width: int, height: int, channels: int) -> Pixels:
    """The pixels of the inflated rows of an 8 bit, non-interlaced PNG (section 9 of the standard).

    They are made where the rows lie: memory that is taken for each picture costs more than the
    work on it. Every filter byte has to be one that exists.
    """
    raw = np.frombuffer(rows, np.uint8).reshape(height, 1 + width * channels)
    _unfilter(raw, channels)
    return raw[:, 1:].reshape(height, width, channels)


@machine_code
def _unfilter(raw: Pixels, step: int) -> None:
    above = np.zeros(raw.shape[1] - 1, np.uint8)
    for r in range(raw.shape[0]):
        kind, line = raw[r, 0], raw[r, 1:]
        if kind == 1:
            _sub(line, step)
        elif kind == 2:
            _up(above, line)
        elif kind == 3:
            _average(above, line, step)
        elif kind == 4 and step == 3:
            _paeth_rgb(above, line)
        elif kind == 4:
            _paeth(above, line, step)
        above = line


@machine_code
def _sub(line: Line, step: int) -> None:
    for i in range(step, line.size):
        line[i] += line[i - step]


@machine_code
def _up(above: Line, line: Line) -> None:
    for i in range(line.size):
        line[i] += above[i]


@machine_code
def _average(above: Line, line: Line, step: int) -> None:
    for i in range(step):
        line[i] += above[i] >> 1
    for i in range(step, line.size):
        line[i] += (np.int32(line[i - step]) + np.int32(above[i])) >> 1


@machine_code
def _paeth(above: Line, line: Line, step: int) -> None:
    for i in range(step):
        line[i] += above[i]
    for i in range(step, line.size):
        line[i] += _predictor(
            np.int32(line[i - step]), np.int32(above[i]), np.int32(above[i - step])
        )


@machine_code
def _paeth_rgb(above: Line, line: Line) -> None:
    """Three chains side by side: each byte waits for the one three before it and for no other."""
    a0 = a1 = a2 = c0 = c1 = c2 = np.int32(0)
    for i in range(0, line.size, 3):
        b0, b1, b2 = np.int32(above[i]), np.int32(above[i + 1]), np.int32(above[i + 2])
        a0 = (np.int32(line[i]) + _predictor(a0, b0, c0)) & np.int32(255)
        a1 = (np.int32(line[i + 1]) + _predictor(a1, b1, c1)) & np.int32(255)
        a2 = (np.int32(line[i + 2]) + _predictor(a2, b2, c2)) & np.int32(255)
        line[i], line[i + 1], line[i + 2] = a0, a1, a2
        c0, c1, c2 = b0, b1, b2


@inlined
def _predictor(a: Long, b: Long, c: Long) -> Long:
    """The one of left, above and above left that is nearest to a + b - c (section 9.4).

    Without branches, which the processor would guess wrong in a photo: that is c, unless c lies so
    far to one side that it is the one of a and b on the other side.
    """
    low, high = min(a, b), max(a, b)
    threshold = np.int32(3) * c - a - b
    inner = low if high <= threshold else c
    return high if threshold <= low else inner
