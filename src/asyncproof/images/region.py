"""Where something lies in a picture: rectangles out of a map of changed pixels, and their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Mask: TypeAlias = npt.NDArray[np.bool_]
CELL = 8  # pixels; changes are joined on a grid of cells of this side
GAP = 2  # cells; changes no further apart than this are one region
TILE = 64  # pixels; the grid that decoders of latents work on
MAX_REGIONS = 24  # more of them are told as the rectangle around all


@dataclass(frozen=True, slots=True)
class Region:
    """Columns ``left`` to ``right`` and rows ``top`` to ``bottom`` (ends excluded) of a picture."""

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int

    @classmethod
    def whole(cls, height: int, width: int) -> "Region":
        return cls(0, 0, width, height, width, height)

    @property
    def area(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)

    @property
    def share(self) -> float:
        """Of the picture, 0 to 1."""
        return self.area / (self.width * self.height)

    @property
    def all_columns(self) -> bool:
        return self.left == 0 and self.right == self.width

    @property
    def all_rows(self) -> bool:
        return self.top == 0 and self.bottom == self.height

    @property
    def cut_off(self) -> bool:
        """Whether it is a strip along one side: what an interrupted write or render leaves."""
        at_side = self.top == 0 or self.bottom == self.height
        at_end = self.left == 0 or self.right == self.width
        return (self.all_columns and at_side) or (self.all_rows and at_end)

    @property
    def slices(self) -> tuple[slice, slice]:
        """For indexing pixels."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def __str__(self) -> str:
        columns, rows = f"{self.left}–{self.right - 1}", f"{self.top}–{self.bottom - 1}"
        if self.all_columns and self.all_rows:
            return "all rows"
        if self.all_columns:
            return f"rows {rows}"
        if self.all_rows:
            return f"columns {columns}"
        if self.area == TILE * TILE and not (self.left % TILE or self.top % TILE):
            return f"pixels x {columns}, y {rows} (tile {self.left // TILE},{self.top // TILE})"
        return f"pixels x {columns}, y {rows}"


def regions_of(changed: Mask) -> tuple[Region, ...]:
    """The rectangles around what is changed, largest first; changes close together are one."""
    height, width = changed.shape
    around = _around(changed, 0, 0, height, width)
    if around is None:
        return ()
    cells = _cells(changed)
    if cells.mean() > 0.5:
        return (around,)
    groups = _groups(cells)
    if len(groups) > MAX_REGIONS:
        return (around,)
    found = [_of_group(changed, group) for group in groups]
    return tuple(sorted(found, key=lambda r: (-r.area, r.top, r.left)))


def enclosing(regions: Sequence[Region]) -> Region:
    """The smallest region that holds all of ``regions`` (at least one)."""
    return Region(
        min(r.left for r in regions),
        min(r.top for r in regions),
        max(r.right for r in regions),
        max(r.bottom for r in regions),
        regions[0].width,
        regions[0].height,
    )


def _cells(changed: Mask) -> Mask:
    height, width = changed.shape
    padded = np.pad(changed, ((0, -height % CELL), (0, -width % CELL)))
    rows, columns = padded.shape[0] // CELL, padded.shape[1] // CELL
    return np.asarray(padded.reshape(rows, CELL, columns, CELL).any(axis=(1, 3)))


def _groups(cells: Mask) -> list[list[tuple[int, int]]]:
    """Cells that hang together, gaps of up to ``GAP`` cells included."""
    left = {(int(r), int(c)) for r, c in zip(*np.nonzero(cells), strict=True)}
    near = range(-GAP, GAP + 1)
    groups = []
    while left:
        group = [left.pop()]
        for row, column in group:
            close = {(row + dr, column + dc) for dr in near for dc in near} & left
            left -= close
            group += close
        groups.append(group)
    return groups


def _of_group(changed: Mask, group: list[tuple[int, int]]) -> Region:
    rows, columns = [r for r, _ in group], [c for _, c in group]
    top, left = min(rows) * CELL, min(columns) * CELL
    bottom, right = (max(rows) + 1) * CELL, (max(columns) + 1) * CELL
    region = _around(changed, top, left, bottom, right)
    assert region is not None  # every cell of a group has a changed pixel
    return region


def _around(changed: Mask, top: int, left: int, bottom: int, right: int) -> Region | None:
    part = changed[top:bottom, left:right]
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if not len(rows):
        return None
    height, width = changed.shape
    return Region(
        left + int(columns[0]),
        top + int(rows[0]),
        left + int(columns[-1]) + 1,
        top + int(rows[-1]) + 1,
        width,
        height,
    )
