"""Unfiltering a PNG and measuring its pixels, compiled; importing this needs numba.

The numbers are those of ``alone.statistics.measure``, which is the one to read; this is the one
to run where there are many pictures (requirements_fast.txt). Loops are plain so that they become
vector instructions, and they let other threads run.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numba
import numpy as np
import numpy.typing as npt

from tests.e2e.async_inference.pictures.alone.statistics import (
    BLOCK,
    CELL,
    SHARP_RATIO,
    SHARP_STEP,
    Ints,
    Statistics,
)
from tests.e2e.async_inference.pictures.pixels import Pixels

F = TypeVar("F", bound=Callable[..., Any])
Line: TypeAlias = npt.NDArray[np.uint8]
Shorts: TypeAlias = npt.NDArray[np.int16]
Long: TypeAlias = np.signedinteger[Any]
Longs: TypeAlias = npt.NDArray[np.int32]


def _compiled(function: F) -> F:
    """Compile once for all processes: the machine code is kept beside this file."""
    fast: F = numba.njit(cache=True, nogil=True, boundscheck=False)(function)
    return fast


def _inlined(function: F) -> F:
    fast: F = numba.njit(cache=True, nogil=True, inline="always")(function)
    return fast


def unfiltered(rows: bytearray, width: int, height: int, channels: int) -> Pixels:
    """The pixels of the inflated rows of an 8 bit, non-interlaced PNG (section 9 of the standard).

    Every filter byte has to be one that exists.
    """
    raw = np.frombuffer(rows, np.uint8).reshape(height, 1 + width * channels)
    out = np.empty((height, width * channels), np.uint8)
    _unfilter(raw, out, channels)
    return out.reshape(height, width, channels)


def measure(pixels: Pixels) -> Statistics:
    """The statistics of RGB or RGBA pixels."""
    height, width = pixels.shape[:2]
    rows, columns = height // BLOCK, width // BLOCK
    lines = _zeros(height, 3), _zeros(height, 3), 255 - _zeros(width, 3), _zeros(width, 3)
    steps = _zeros(height), _zeros(width), _zeros(height)
    extremes = _zeros(rows, columns, 3), _zeros(rows, columns, 3)
    sums = _zeros(5, rows, columns)
    cells = _zeros(height // CELL, width // CELL, 3)
    _measure(np.ascontiguousarray(pixels), lines, steps, (*extremes, sums), cells)
    return Statistics(
        height, width, *lines, *steps, *extremes, sums[0], sums[1], sums[2], sums[3], sums[4], cells
    )


def _zeros(*shape: int) -> Ints:
    return np.zeros(shape, np.int64)


@_compiled
def _unfilter(raw: Pixels, out: Pixels, step: int) -> None:
    above = np.zeros(out.shape[1], np.uint8)
    for r in range(out.shape[0]):
        kind, source, line = raw[r, 0], raw[r, 1:], out[r]
        if kind == 0:
            _sub(source, line, line.size)
        elif kind == 1:
            _sub(source, line, step)
        elif kind == 2:
            _up(source, above, line)
        elif kind == 3:
            _average(source, above, line, step)
        elif step == 3:
            _paeth_rgb(source, above, line)
        else:
            _paeth(source, above, line, step)
        above = line


@_compiled
def _sub(source: Line, line: Line, step: int) -> None:
    for i in range(step):
        line[i] = source[i]
    for i in range(step, line.size):
        line[i] = source[i] + line[i - step]


@_compiled
def _up(source: Line, above: Line, line: Line) -> None:
    for i in range(line.size):
        line[i] = source[i] + above[i]


@_compiled
def _average(source: Line, above: Line, line: Line, step: int) -> None:
    for i in range(step):
        line[i] = source[i] + (above[i] >> 1)
    for i in range(step, line.size):
        line[i] = source[i] + ((np.int32(line[i - step]) + np.int32(above[i])) >> 1)


@_compiled
def _paeth(source: Line, above: Line, line: Line, step: int) -> None:
    for i in range(step):
        line[i] = source[i] + above[i]
    for i in range(step, line.size):
        line[i] = source[i] + _predictor(
            np.int32(line[i - step]), np.int32(above[i]), np.int32(above[i - step])
        )


@_compiled
def _paeth_rgb(source: Line, above: Line, line: Line) -> None:
    """Three chains side by side: each byte waits for the one three before it and for no other."""
    a0 = a1 = a2 = c0 = c1 = c2 = np.int32(0)
    for i in range(0, line.size, 3):
        b0, b1, b2 = np.int32(above[i]), np.int32(above[i + 1]), np.int32(above[i + 2])
        a0 = (source[i] + _predictor(a0, b0, c0)) & 255
        a1 = (source[i + 1] + _predictor(a1, b1, c1)) & 255
        a2 = (source[i + 2] + _predictor(a2, b2, c2)) & 255
        line[i], line[i + 1], line[i + 2] = a0, a1, a2
        c0, c1, c2 = b0, b1, b2


@_inlined
def _predictor(a: Long, b: Long, c: Long) -> Long:
    """The one of left, above and above left that is nearest to a + b - c (section 9.4)."""
    from_a, from_b = b - c, a - c
    from_c = abs(from_a + from_b)
    from_a, from_b = abs(from_a), abs(from_b)
    second = b if from_b <= from_c else c
    return a if from_a <= min(from_b, from_c) else second


@_compiled
def _measure(
    pixels: Pixels,
    lines: tuple[Ints, Ints, Ints, Ints],
    steps: tuple[Ints, Ints, Ints],
    blocks: tuple[Ints, Ints, Ints],
    cells: Ints,
) -> None:
    """Everything is added up column by column, over the rows of a cell or a block, as vectors."""
    row_low, row_high, column_low, column_high = lines
    row_steps, column_steps, row_changes = steps
    height, width, channels = pixels.shape
    planes = np.zeros((2, 3, width), np.uint8)  # of this row and the one above
    ys = np.zeros((2, width), np.int16)
    across = np.zeros(width, np.int16)
    down = np.zeros((3, width), np.int16)  # steps to this row and to the two above
    sharp = np.zeros(width, np.uint8)
    sharp_columns = np.zeros(width, np.int32)
    low, high = np.full((3, width), 255, np.uint8), np.zeros((3, width), np.uint8)
    running, cell = np.zeros((5, width), np.int32), np.zeros((3, width), np.int32)
    for r in range(height):
        now, y, up = planes[r & 1], ys[r & 1], ys[(r + 1) & 1]
        step, before, twice = down[r % 3], down[(r + 2) % 3], down[(r + 1) % 3]
        _split(pixels[r].reshape(width * channels), channels, now, y)
        _distances(y[1:], y[:-1], across[1:])
        if r > 0:
            _distances(y, up, step)
            row_changes[r] = _changes(now, planes[(r + 1) & 1])
        if r > 2:
            _sharp(twice, before, step, sharp)
            row_steps[r - 1] = _count(sharp)
        _sharp(across[1:-2], across[2:-1], across[3:], sharp)
        _add(sharp[: width - 3], sharp_columns[2 : width - 1])
        for c in range(3):
            row_low[r, c], row_high[r, c] = _extremes(now[c])
            _extend(now[c], low[c], high[c])
            _add(now[c], cell[c])
        _add(y, running[0])
        _add_squares(y, running[1])
        _add_squares(across, running[2])
        _add_squares(step, running[2])
        _add_colour_steps(now[0], now[2], running[3], running[4])
        if r % CELL == CELL - 1:
            for c in range(3):
                _fold(cell[c], CELL, cells[r // CELL, :, c])
        if r % BLOCK == BLOCK - 1 or r == height - 1:
            _widen(low, high, column_low, column_high)
        if r % BLOCK == BLOCK - 1:
            _finish_blocks(low, high, running, r // BLOCK, blocks)
    for x in range(width):
        column_steps[x] = sharp_columns[x]


@_compiled
def _widen(low: Pixels, high: Pixels, column_low: Ints, column_high: Ints) -> None:
    for c in range(3):
        for x in range(low.shape[1]):
            column_low[x, c] = min(column_low[x, c], np.int64(low[c, x]))
            column_high[x, c] = max(column_high[x, c], np.int64(high[c, x]))


@_compiled
def _finish_blocks(
    low: Pixels, high: Pixels, running: Longs, down: int, blocks: tuple[Ints, Ints, Ints]
) -> None:
    """Fold the columns of a row of blocks into its numbers, and begin again."""
    block_low, block_high, sums = blocks
    for n in range(sums.shape[0]):
        _fold(running[n], BLOCK, sums[n, down])
    for b in range(block_low.shape[1]):
        for c in range(3):
            run = slice(b * BLOCK, (b + 1) * BLOCK)
            block_low[down, b, c] = _extremes(low[c, run])[0]
            block_high[down, b, c] = _extremes(high[c, run])[1]
    for c in range(3):
        for x in range(low.shape[1]):
            low[c, x], high[c, x] = 255, 0


@_compiled
def _extremes(values: Line) -> tuple[int, int]:
    low, high = values[0], values[0]
    for x in range(values.size):
        low, high = min(low, values[x]), max(high, values[x])
    return low, high


@_compiled
def _split(line: Line, channels: int, now: Pixels, y: Shorts) -> None:
    red, green, blue = now[0], now[1], now[2]
    if channels == 3:  # apart, so that the distance of the bytes is known when it is compiled
        for x in range(red.size):
            red[x], green[x], blue[x] = line[3 * x], line[3 * x + 1], line[3 * x + 2]
    else:
        for x in range(red.size):
            red[x], green[x], blue[x] = line[4 * x], line[4 * x + 1], line[4 * x + 2]
    for x in range(y.size):
        y[x] = np.int16(red[x]) + np.int16(2) * np.int16(green[x]) + np.int16(blue[x])


@_compiled
def _distances(one: Shorts, other: Shorts, out: Shorts) -> None:
    for x in range(out.size):
        step = np.int16(one[x] - other[x])
        out[x] = step if step >= 0 else -step


@_compiled
def _sharp(before: Shorts, step: Shorts, after: Shorts, out: Line) -> None:
    ratio = np.int16(SHARP_RATIO)
    for x in range(step.size):
        out[x] = (
            (step[x] >= SHARP_STEP) & (step[x] >= ratio * before[x]) & (step[x] >= ratio * after[x])
        )


@_compiled
def _changes(now: Pixels, old: Pixels) -> int:
    count = 0
    for x in range(now.shape[1]):
        count += (now[0, x] != old[0, x]) | (now[1, x] != old[1, x]) | (now[2, x] != old[2, x])
    return count


@_compiled
def _count(marks: Line) -> int:
    count = 0
    for x in range(marks.size):
        count += marks[x]
    return count


@_compiled
def _extend(values: Line, low: Line, high: Line) -> None:
    for x in range(values.size):
        low[x], high[x] = min(low[x], values[x]), max(high[x], values[x])


@_compiled
def _add(values: Line, total: Longs) -> None:
    for x in range(values.size):
        total[x] += values[x]


@_compiled
def _add_squares(values: Shorts, total: Longs) -> None:
    for x in range(values.size):
        total[x] += np.int32(values[x]) * np.int32(values[x])


@_compiled
def _add_colour_steps(red: Line, blue: Line, colour: Longs, channel: Longs) -> None:
    for x in range(1, red.size):
        r, b = np.int32(red[x]) - np.int32(red[x - 1]), np.int32(blue[x]) - np.int32(blue[x - 1])
        colour[x] += (r - b) * (r - b)
        channel[x] += r * r + b * b


@_compiled
def _fold(columns: Longs, side: int, out: Ints) -> None:
    """Add up each run of ``side`` columns, and begin again at nothing."""
    for k in range(out.size):
        total = np.int64(0)
        for x in range(k * side, (k + 1) * side):
            total += columns[x]
        out[k] = total
    for x in range(columns.size):
        columns[x] = 0
