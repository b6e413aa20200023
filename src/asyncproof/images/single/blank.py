"""Parts of a decoded picture that hold nothing: nearly flat mid-grey strips and tiles.

A decoder paints latents of zero as about mid-grey, and smears the border over some 16 pixels.
Looked for in the means of cells of 8 pixels, where the grain of a decoder cancels out.
"""

from collections.abc import Iterator

import numpy as np

from asyncproof.images.pixels import Pixels
from asyncproof.images.reference.content import colour_name
from asyncproof.images.region import TILE, Region
from asyncproof.images.single.cuts import Flags
from asyncproof.images.single.decoded_noise import Numbers
from asyncproof.images.single.statistics import CELL, Statistics
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds
from asyncproof.images.single.tiles import block_groups
from asyncproof.images.single.undenoised import SIDES, from_side, strip_at

SOFT = 4  # cells from the flat part of a box, beyond which the picture has to have begun
SMEARED = 2  # cells of its border on each side
DARKEST, BRIGHTEST, MOST_TINT = 70, 150, 40  # levels of what is about mid-grey
MOST_COLOUR = 80  # levels between channels, where the texture tells it


def blank_strips(pixels: Pixels, statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """A strip along one side that is nearly flat mid-grey, and ends at once or has the texture that
    a decoder gives to nothing.

    Not at the top, where skies end at a horizon; not exactly flat, which is a cut of pixels; and,
    where it is only known by its end, not beside lines that are as flat in themselves, as in a
    drawing.
    """
    if min(statistics.height, statistics.width) < limits.blank_side:
        return
    cells = statistics.cells / (CELL * CELL)
    for side in SIDES:
        lines = from_side(cells, side)
        tint = lines[0].mean(axis=0)
        if not _is_grey(tint, MOST_COLOUR):
            continue
        count = _flat_lines(lines, limits)
        if not limits.blank_lines <= count <= len(lines) * limits.blank_most:
            continue
        if _is_exact(statistics, side):
            continue
        colour = lines[:count].mean(axis=(0, 1))
        strength = _strength_of_texture(_strip(pixels, side, count), limits)
        if strength < 1 and _is_grey(tint, MOST_TINT):
            strength = _strength_of_end(lines, count, colour, limits)
        if strength < 1:
            continue
        rest = statistics.height % CELL if side == "bottom" else 0
        region = strip_at(side, count * CELL + rest, statistics)
        words = f"are nearly flat {colour_name(colour)}"
        yield Suspicion(Sign.BLANK, region, words, strength)


def _strength_of_end(lines: Numbers, count: int, colour: Numbers, limits: Thresholds) -> float:
    """1 where so many flat lines end at once, beside a picture; less where it cannot be told."""
    if _is_drawn(lines[count:], limits) or _is_bar(lines[::-1], colour, limits):
        return 0.0
    beyond = lines[count : count + limits.blank_reach]
    apart = np.abs(beyond - colour).max(axis=2)
    share = float((apart > limits.blank_border_contrast).any(axis=0).mean())
    return share / limits.blank_border


def _strip(pixels: Pixels, side: str, count: int) -> Pixels:
    """The pixels of so many lines of cells along a side, without the last, which is smeared."""
    deep = (count - 1) * CELL
    height, width = (length // CELL * CELL for length in pixels.shape[:2])
    if side == "bottom":
        return pixels[height - deep : height, :width]
    return pixels[:height, width - deep : width] if side == "right" else pixels[:height, :deep]


def _strength_of_texture(strip: Pixels, limits: Thresholds) -> float:
    """1 where the fine texture is hardly more than one line of levels across and one down.

    Latents that are all alike are decoded to levels that only know how far the sides are. Grain
    knows each pixel; a drawn grid is nothing else.
    """
    y = strip[:, :, :3].sum(axis=2, dtype=np.int32) / np.float32(3)
    rows, columns = y.shape[0] // CELL, y.shape[1] // CELL
    cells = y.reshape(rows, CELL, columns, CELL)
    fine = (cells - cells.mean(axis=(1, 3), keepdims=True)).reshape(y.shape)
    energy = float((fine**2).mean())
    if not limits.lined_least**2 < energy < limits.lined_levels**2:
        return 0.0
    share = float(sum((fine.mean(axis=axis) ** 2).mean() for axis in (0, 1))) / energy
    return share / limits.lined_share if share < limits.lined_most else 0.0


def _is_grey(colour: Numbers, tint: float) -> bool:
    """Whether it is about mid-grey, as zeros are decoded; black ground and snow are not."""
    middle = colour.min() >= DARKEST and colour.max() <= BRIGHTEST
    return bool(middle and np.ptp(colour) <= tint)


def _flat_lines(lines: Numbers, limits: Thresholds) -> int:
    """How many lines of cells from the first on have about one colour."""
    low = np.minimum.accumulate(lines.min(axis=1), axis=0)
    high = np.maximum.accumulate(lines.max(axis=1), axis=0)
    flat = ((high - low) <= limits.blank_levels).all(axis=1)
    return int(np.argmin(np.append(flat, False)))


def _is_exact(statistics: Statistics, side: str) -> bool:
    """Whether the pixels along a side have one colour, exactly."""
    rows = side in {"top", "bottom"}
    low = statistics.row_low if rows else statistics.column_low
    high = statistics.row_high if rows else statistics.column_high
    end = slice(None, CELL) if side in {"top", "left"} else slice(-CELL, None)
    return bool((high[end].max(axis=0) == low[end].min(axis=0)).all())


def _is_drawn(lines: Numbers, limits: Thresholds) -> bool:
    """Whether most lines of cells are flat in themselves."""
    spread = np.ptp(lines, axis=1).max(axis=1)
    return bool(np.mean(spread <= limits.blank_levels) > 1 / 2)


def _is_bar(opposite: Numbers, colour: Numbers, limits: Thresholds) -> bool:
    """Whether the other side has as flat a strip of this colour."""
    count = _flat_lines(opposite, limits)
    if not count:
        return False
    return bool(np.abs(opposite[:count].mean(axis=(0, 1)) - colour).max() <= limits.blank_levels)


def blank_boxes(statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """Tiles that are nearly flat, with the picture all around, in a picture that is not.

    On the grid of tiles: screens, windows and sheets of paper lie anywhere.
    """
    if min(statistics.height, statistics.width) < limits.blank_side:
        return
    cells = statistics.cells / (CELL * CELL)
    flat = _flat_cells(cells, limits)
    if not 0 < flat.mean() <= limits.box_most:
        return
    for group in block_groups(flat):
        rows, columns = [r for r, _ in group], [c for _, c in group]
        top, left, bottom, right = min(rows), min(columns), max(rows) + 1, max(columns) + 1
        high, wide = bottom - top, right - left
        if min(high, wide) < limits.box_cells or len(group) < limits.box_fill * high * wide:
            continue
        inside = cells[top:bottom, left:right]
        colour = inside.mean(axis=(0, 1))
        sides = top - SMEARED, left - SMEARED, bottom + SMEARED, right + SMEARED
        if np.ptp(inside, axis=(0, 1)).max() > limits.blank_levels or not _on_grid(sides):
            continue
        ring = top - SOFT, left - SOFT, bottom + SOFT, right + SOFT
        share = _standing_out(cells, ring, colour, limits.box_contrast)
        if share >= limits.box_border and _is_calm(flat, len(group), limits):
            top, left, bottom, right = (side * CELL for side in sides)
            region = Region(left, top, right, bottom, statistics.width, statistics.height)
            words = f"are nearly flat {colour_name(colour)}"
            yield Suspicion(Sign.BLANK, region, words, share / limits.box_border)


def _on_grid(sides: tuple[int, ...]) -> bool:
    """Whether each side lies within a cell of the grid of tiles."""
    return all(min(side % _TILE, -side % _TILE) <= 1 for side in sides)


_TILE = TILE // CELL


def _flat_cells(cells: Numbers, limits: Thresholds) -> Flags:
    """The cells that hardly differ from any of their four neighbours; none along the sides."""
    flat = np.zeros(cells.shape[:2], np.bool_)
    middle = cells[1:-1, 1:-1]
    near = (cells[:-2, 1:-1], cells[2:, 1:-1], cells[1:-1, :-2], cells[1:-1, 2:])
    apart = np.maximum.reduce([np.abs(middle - other).max(axis=2) for other in near])
    flat[1:-1, 1:-1] = apart <= limits.box_step
    return flat


def _standing_out(
    cells: Numbers, ring: tuple[int, int, int, int], colour: Numbers, contrast: float
) -> float:
    """The share of the cells around a box that differ from it; 0 where it lies at a side."""
    top, left, bottom, right = ring
    if min(top, left) < 0 or bottom > cells.shape[0] or right > cells.shape[1]:
        return 0.0
    around = [
        cells[top, left:right],
        cells[bottom - 1, left:right],
        cells[top:bottom, left],
        cells[top:bottom, right - 1],
    ]
    apart = np.abs(np.concatenate(around) - colour).max(axis=1)
    return float(np.mean(apart > contrast))


def _is_calm(flat: Flags, cells: int, limits: Thresholds) -> bool:
    """Whether hardly any other cells are flat: a picture that paints flat is drawn so."""
    return float(flat.sum() - cells) <= limits.box_elsewhere * flat.size
