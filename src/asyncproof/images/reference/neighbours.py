"""The least and the greatest of what lies around each cell of a map."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Map: TypeAlias = npt.NDArray[Any]  # rows x columns, or more axes behind


def around(cells: Map, pick: np.ufunc, steps: int = 1) -> Map:
    """``pick`` (such as ``np.maximum``) over each cell and those up to so many steps away."""
    for _ in range(steps):
        for axis in (0, 1):
            lines = np.moveaxis(cells, axis, 0)
            padded = np.concatenate([lines[:1], lines, lines[-1:]])
            cells = np.moveaxis(pick(pick(padded[:-2], padded[2:]), lines), 0, axis)
    return cells


def window(cells: Map, axis: int, length: int, pick: np.ufunc, every: int = 1) -> Map:
    """``pick`` over ``length`` cells along an axis, from each place, or from ``every`` so many."""
    lines = np.moveaxis(cells, axis, 0)
    last = len(lines) - length + 1
    found = lines[:last:every]
    for n in range(1, length):
        found = pick(found, lines[n : last + n : every])
    return np.moveaxis(found, 0, axis)


def opened(cells: Map, rows: int, columns: int) -> Map:
    """The level that all of some block of this size around each cell has at least; 0 where no block
    fits (a grey opening)."""
    if cells.shape[0] < rows or cells.shape[1] < columns:
        return np.zeros_like(cells)
    least = window(window(cells, 0, rows, np.minimum), 1, columns, np.minimum)
    padded = np.pad(least, ((rows - 1, rows - 1), (columns - 1, columns - 1)))
    return window(window(padded, 0, rows, np.maximum), 1, columns, np.maximum)
