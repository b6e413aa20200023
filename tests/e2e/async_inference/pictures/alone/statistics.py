"""One pass over the pixels: the whole numbers from which every rule judges a picture alone.

The sums are exact, so that the compiled pass (``compiled.py``) gives the same numbers as this one.
``Y`` is R + 2 G + B, 0 to 1020. A step between two lines is *sharp* where it is at least
``SHARP_STEP`` and three times the steps on both sides of it: the mark of content that does not
belong together, and not of an edge that a lens or a decoder drew.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tests.e2e.async_inference.pictures.pixels import Pixels

Ints: TypeAlias = npt.NDArray[np.int64]
BLOCK = 32  # pixels; half of the smallest tile that decoders work on
CELL = 8  # pixels; one latent pixel of the usual decoders
SHARP_STEP = 16  # of Y: four levels
SHARP_RATIO = 3


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of a picture of ``height`` × ``width``; blocks and cells that are not whole are left out.

    ``row_low``, ``row_high`` (rows, 3) and ``column_low``, ``column_high`` (columns, 3) are the
    extremes of each channel. ``row_steps`` counts the sharp steps of a row from the row above,
    ``column_steps`` those of a column from the column to its left.
    ``row_changes`` counts the pixels of a row that differ from the one above. Of each block:
    ``block_low``, ``block_high`` (…, 3), the sums of Y and its square, of the squared steps of Y
    across and down, and of the squared steps across of R − B and of R and B themselves. ``cells``
    (…, 3) are sums.
    """

    height: int
    width: int
    row_low: Ints
    row_high: Ints
    column_low: Ints
    column_high: Ints
    row_steps: Ints
    column_steps: Ints
    row_changes: Ints
    block_low: Ints
    block_high: Ints
    block_sum: Ints
    block_squares: Ints
    block_steps: Ints
    block_colour_steps: Ints
    block_channel_steps: Ints
    cells: Ints


def measure(pixels: Pixels) -> Statistics:
    """The statistics of RGB or RGBA pixels, with numpy."""
    rgb = pixels[:, :, :3]
    height, width = rgb.shape[:2]
    wide = rgb.astype(np.int32)
    y = wide[:, :, 0] + 2 * wide[:, :, 1] + wide[:, :, 2]
    across, down = _steps(y.T).T, _steps(y)
    red, blue = _steps(wide[:, :, 0].T).T, _steps(wide[:, :, 2].T).T
    changes = np.zeros(height, np.int64)
    changes[1:] = (rgb[1:] != rgb[:-1]).any(axis=2).sum(axis=1)
    return Statistics(
        height,
        width,
        _ints(rgb.min(axis=1)),
        _ints(rgb.max(axis=1)),
        _ints(rgb.min(axis=0)),
        _ints(rgb.max(axis=0)),
        _sharp(down).sum(axis=1, dtype=np.int64),
        _sharp(across.T).sum(axis=1, dtype=np.int64),
        changes,
        _ints(_blocks(rgb, BLOCK).min(axis=(1, 3))),
        _ints(_blocks(rgb, BLOCK).max(axis=(1, 3))),
        _block_sum(y),
        _block_sum(y * y),
        _block_sum(across * across + down * down),
        _block_sum((red - blue) ** 2),
        _block_sum(red * red + blue * blue),
        _blocks(rgb, CELL).sum(axis=(1, 3), dtype=np.int64),
    )


def _ints(values: Pixels) -> Ints:
    return values.astype(np.int64)


def _steps(lines: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Each line less the one before it; 0 for the first."""
    steps = np.zeros_like(lines)
    np.subtract(lines[1:], lines[:-1], out=steps[1:])
    return steps


def _sharp(steps: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    size = np.abs(steps)
    sharp = np.zeros(size.shape, np.bool_)
    inner, before, after = size[2:-1], size[1:-2], size[3:]
    np.greater_equal(inner, SHARP_STEP, out=sharp[2:-1])
    sharp[2:-1] &= (inner >= SHARP_RATIO * before) & (inner >= SHARP_RATIO * after)
    return sharp


def _blocks(values: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    rows, columns = values.shape[0] // side, values.shape[1] // side
    whole = values[: rows * side, : columns * side]
    return whole.reshape(rows, side, columns, side, *values.shape[2:])


def _block_sum(values: npt.NDArray[np.int32]) -> Ints:
    rows, columns = values.shape[0] // BLOCK, values.shape[1] // BLOCK
    whole = values[: rows * BLOCK, : columns * BLOCK]
    sums: Ints = whole.reshape(rows, BLOCK, columns, BLOCK).sum(axis=(1, 3), dtype=np.int64)
    return sums
