"""Tiles that were never painted: flat rectangles on the tile grid, with the picture all around."""

from collections.abc import Iterator

import numpy as np

from asyncproof.images.pixels import Pixels
from asyncproof.images.reference.content import colour_name
from asyncproof.images.region import TILE, Region
from asyncproof.images.single.cuts import (
    Flags,
    border_strength,
    flat_blocks,
    is_calm_outside,
)
from asyncproof.images.single.statistics import BLOCK, Statistics
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds

MAX_SHADES = 40  # of flat blocks; a picture with more is drawn in flat colours


def missing_tiles(
    pixels: Pixels, statistics: Statistics, limits: Thresholds
) -> Iterator[Suspicion]:
    """A suspicion for each flat rectangle of whole tiles that stands out from all around it."""
    flat = flat_blocks(statistics, limits.dead_range)
    if not flat.any() or flat.all():
        return
    colours = statistics.block_low @ np.array([1 << 16, 1 << 8, 1])
    shades = np.unique(colours[flat])
    if len(shades) > MAX_SHADES:
        return
    for group in (group for shade in shades for group in block_groups(flat & (colours == shade))):
        region = _whole_tiles(group, statistics)
        if region is None:
            continue
        colour = pixels[region.top, region.left, :3].astype(np.float64)
        beside = _around(pixels[:, :, :3], region)
        calm = is_calm_outside(statistics, region, limits)
        strength = border_strength(beside, colour, limits.tile_border, calm, limits)
        if strength >= 1:
            words = f"are flat {colour_name(colour)}"
            yield Suspicion(Sign.MISSING_TILE, region, words, strength)


def block_groups(marked: Flags) -> list[list[tuple[int, int]]]:
    """Marked blocks that touch along their sides."""
    left = {(int(r), int(c)) for r, c in zip(*np.nonzero(marked), strict=True)}
    groups = []
    while left:
        group = [left.pop()]
        for row, column in group:
            close = {
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            } & left
            left -= close
            group += close
        groups.append(group)
    return groups


def block_region(group: list[tuple[int, int]], statistics: Statistics) -> Region:
    """The rectangle around a group of blocks; it takes in the rest at the right and bottom."""
    rows, columns = [r for r, _ in group], [c for _, c in group]
    bottom, right = (max(rows) + 1) * BLOCK, (max(columns) + 1) * BLOCK
    height, width = statistics.height, statistics.width
    bottom = height if height - bottom < BLOCK else bottom
    right = width if width - right < BLOCK else right
    return Region(min(columns) * BLOCK, min(rows) * BLOCK, right, bottom, width, height)


def _whole_tiles(group: list[tuple[int, int]], statistics: Statistics) -> Region | None:
    """The region of the group if it is a full rectangle of tiles on the grid."""
    region = block_region(group, statistics)
    full = len(group) * BLOCK * BLOCK == region.area
    on_grid = not any(
        side % TILE for side in (region.left, region.top, region.right, region.bottom)
    )
    return region if full and on_grid and not region.cut_off else None


def _around(rgb: Pixels, region: Region) -> Pixels:
    """The pixels just outside the region."""
    rows, columns = region.slices
    lines = [
        rgb[region.top - 1, columns] if region.top else None,
        rgb[region.bottom, columns] if region.bottom < region.height else None,
        rgb[rows, region.left - 1] if region.left else None,
        rgb[rows, region.right] if region.right < region.width else None,
    ]
    return np.concatenate([line for line in lines if line is not None])
