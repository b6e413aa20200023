"""Measuring pixels, compiled; importing this needs numba.

The numbers are those of ``alone.statistics.measure``, which is the one to read; this is the one
to run where there are many pictures (requirements_fast.txt). Loops are plain so that they become
vector instructions, and they let other threads run.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from asyncproof.images.compiled.machine_code import machine_code
from asyncproof.images.pixels import Pixels
from asyncproof.images.single.statistics import (
    BLOCK,
    CELL,
    SHARP_RATIO,
    SHARP_STEP,
    Ints,
    Statistics,
)

Line: TypeAlias = npt.NDArray[np.uint8]
Shorts: TypeAlias = npt.NDArray[np.int16]
Longs: TypeAlias = npt.NDArray[np.int32]


def measure(pixels: Pixels) -> Statistics:
    """The statistics of RGB or RGBA pixels."""
    height, width, channels = pixels.shape
    return _measured(np.ascontiguousarray(pixels).reshape(height, width * channels), 0, channels)


def measure_unfiltered(rows: bytearray | Line, height: int, channels: int) -> Statistics:
    """The same of rows that were unfiltered, where they lie."""
    return _measured(np.frombuffer(rows, np.uint8).reshape(height, -1), 1, channels)


def _measured(pixels: Pixels, skip: int, channels: int) -> Statistics:
    """Of rows that begin with ``skip`` other bytes."""
    height, width = len(pixels), (pixels.shape[1] - skip) // channels
    rows, columns = height // BLOCK, width // BLOCK
    lines = _zeros(height, 3), _zeros(height, 3), 255 - _zeros(width, 3), _zeros(width, 3)
    steps = _zeros(height), _zeros(width), _zeros(height)
    extremes = _zeros(rows, columns, 3), _zeros(rows, columns, 3)
    sums = _zeros(5, rows, columns)
    cells = _zeros(height // CELL, width // CELL, 3)
    _measure(pixels, (skip, channels), lines, steps, (*extremes, sums, cells))
    return Statistics(
        height, width, *lines, *steps, *extremes, sums[0], sums[1], sums[2], sums[3], sums[4], cells
    )


def _zeros(*shape: int) -> Ints:
    return np.zeros(shape, np.int64)


@machine_code
def _measure(
    pixels: Pixels,
    layout: tuple[int, int],
    lines: tuple[Ints, Ints, Ints, Ints],
    steps: tuple[Ints, Ints, Ints],
    blocks: tuple[Ints, Ints, Ints, Ints],
) -> None:
    """Everything is added up column by column, over the rows of a cell or a block, as vectors.

    ``layout``: how many bytes each row begins with, and how many a pixel has.
    """
    row_low, row_high, column_low, column_high = lines
    row_steps, column_steps, row_changes = steps
    block_low, block_high, sums, cells = blocks
    skip, channels = layout
    height, width = pixels.shape[0], (pixels.shape[1] - skip) // channels
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
        _split(pixels[r, skip:], channels, now, y)
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
            _finish_blocks(low, high, running, r // BLOCK, (block_low, block_high, sums))
    for x in range(width):
        column_steps[x] = sharp_columns[x]


@machine_code
def _widen(low: Pixels, high: Pixels, column_low: Ints, column_high: Ints) -> None:
    for c in range(3):
        for x in range(low.shape[1]):
            column_low[x, c] = min(column_low[x, c], np.int64(low[c, x]))
            column_high[x, c] = max(column_high[x, c], np.int64(high[c, x]))


@machine_code
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


@machine_code
def _extremes(values: Line) -> tuple[int, int]:
    low, high = values[0], values[0]
    for x in range(values.size):
        low, high = min(low, values[x]), max(high, values[x])
    return low, high


@machine_code
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


@machine_code
def _distances(one: Shorts, other: Shorts, out: Shorts) -> None:
    for x in range(out.size):
        step = np.int16(one[x] - other[x])
        out[x] = step if step >= 0 else -step


@machine_code
def _sharp(before: Shorts, step: Shorts, after: Shorts, out: Line) -> None:
    ratio = np.int16(SHARP_RATIO)
    for x in range(step.size):
        out[x] = (
            (step[x] >= SHARP_STEP) & (step[x] >= ratio * before[x]) & (step[x] >= ratio * after[x])
        )


@machine_code
def _changes(now: Pixels, old: Pixels) -> int:
    count = 0
    for x in range(now.shape[1]):
        count += (now[0, x] != old[0, x]) | (now[1, x] != old[1, x]) | (now[2, x] != old[2, x])
    return count


@machine_code
def _count(marks: Line) -> int:
    count = 0
    for x in range(marks.size):
        count += marks[x]
    return count


@machine_code
def _extend(values: Line, low: Line, high: Line) -> None:
    for x in range(values.size):
        low[x], high[x] = min(low[x], values[x]), max(high[x], values[x])


@machine_code
def _add(values: Line, total: Longs) -> None:
    for x in range(values.size):
        total[x] += values[x]


@machine_code
def _add_squares(values: Shorts, total: Longs) -> None:
    for x in range(values.size):
        total[x] += np.int32(values[x]) * np.int32(values[x])


@machine_code
def _add_colour_steps(red: Line, blue: Line, colour: Longs, channel: Longs) -> None:
    for x in range(1, red.size):
        r, b = np.int32(red[x]) - np.int32(red[x - 1]), np.int32(blue[x]) - np.int32(blue[x - 1])
        colour[x] += (r - b) * (r - b)
        channel[x] += r * r + b * b


@machine_code
def _fold(columns: Longs, side: int, out: Ints) -> None:
    """Add up each run of ``side`` columns, and begin again at nothing."""
    for k in range(out.size):
        total = np.int64(0)
        for x in range(k * side, (k + 1) * side):
            total += columns[x]
        out[k] = total
    for x in range(columns.size):
        columns[x] = 0
