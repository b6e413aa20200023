"""Edges of a picture that were never painted: a run of flat lines with a straight border.

What tells a cut from a margin, a letterbox or a black foreground: a cut is exactly flat, its border
is straight, the picture begins at once on the other side of it, and the opposite edge has none.
In a picture that never paints flat, a flat part need not stand out: it is enough that it ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tests.e2e.async_inference.pictures.alone.statistics import BLOCK, Ints, Statistics
from tests.e2e.async_inference.pictures.alone.suspicion import Sign, Suspicion
from tests.e2e.async_inference.pictures.alone.thresholds import Thresholds
from tests.e2e.async_inference.pictures.content import colour_name
from tests.e2e.async_inference.pictures.pixels import Pixels
from tests.e2e.async_inference.pictures.region import Region

Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Run:
    """Dead lines at one side: how many, their colour, the line that follows them, their place."""

    lines: int
    colour: npt.NDArray[np.float64]
    beside: Pixels
    region: Region


def dead_edges(pixels: Pixels, statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """A suspicion for each side that was cut off and left flat."""
    runs = _runs(pixels[:, :, :3], statistics, limits)
    for side, run in runs.items():
        opposite = _OPPOSITE[side]
        if run is None or _is_bar(run, runs[opposite], limits):
            continue
        calm = is_calm_outside(statistics, run.region, limits)
        strength = border_strength(run.beside, run.colour, limits.border_share, calm, limits)
        drawn = not calm and busy_share(run.beside) < limits.busy_share
        if strength >= 1 and not drawn:
            phrase = f"are flat {colour_name(run.colour)}"
            yield Suspicion(Sign.DEAD_EDGE, run.region, phrase, strength)


_OPPOSITE = {"bottom": "top", "top": "bottom", "left": "right", "right": "left"}


def _runs(rgb: Pixels, statistics: Statistics, limits: Thresholds) -> dict[str, _Run | None]:
    height, width = statistics.height, statistics.width
    rows = (statistics.row_low, statistics.row_high)
    columns = (statistics.column_low, statistics.column_high)
    top, bottom = _dead_run(*rows, limits), _dead_run(rows[0][::-1], rows[1][::-1], limits)
    left, right = _dead_run(*columns, limits), _dead_run(columns[0][::-1], columns[1][::-1], limits)
    places = {
        "top": (top, Region(0, 0, width, top, width, height), rgb[top : top + 1]),
        "bottom": (
            bottom,
            Region(0, height - bottom, width, height, width, height),
            rgb[height - bottom - 1 : height - bottom],
        ),
        "left": (left, Region(0, 0, left, height, width, height), rgb[:, left : left + 1]),
        "right": (
            right,
            Region(width - right, 0, width, height, width, height),
            rgb[:, width - right - 1 : width - right],
        ),
    }
    return {
        side: _Run(lines, _colour(rgb, region), beside.reshape(-1, 3), region)
        if max(limits.dead_lines * side_length, limits.dead_least) <= lines < side_length
        else None
        for side, (lines, region, beside) in places.items()
        for side_length in [height if side in {"top", "bottom"} else width]
    }


def _dead_run(low: Ints, high: Ints, limits: Thresholds) -> int:
    """How many lines from the first on are flat together."""
    spread = np.maximum.accumulate(high, axis=0) - np.minimum.accumulate(low, axis=0)
    dead = np.asarray((spread <= limits.dead_range).all(axis=1))
    return int(np.argmin(dead)) if not dead.all() else len(dead)


def _colour(rgb: Pixels, region: Region) -> npt.NDArray[np.float64]:
    return np.asarray(rgb[region.top, region.left], dtype=np.float64)


def _is_bar(run: _Run, opposite: _Run | None, limits: Thresholds) -> bool:
    if opposite is None:
        return False
    alike = np.abs(run.colour - opposite.colour).max() <= limits.border_contrast
    apart = abs(run.lines - opposite.lines) / max(run.lines, opposite.lines)
    return bool(alike and apart <= limits.letterbox_ratio)


def border_strength(
    beside: Pixels, colour: npt.NDArray[np.float64], share: float, calm: bool, limits: Thresholds
) -> float:
    """How clearly the picture begins beside a flat part; 1 is the threshold.

    ``share`` of the pixels beside it have to stand out; more on a short line, where a ragged or
    curved border is as good as straight; fewer in a calm picture, where it is also enough that
    nearly all of them differ, however little.
    """
    apart = np.abs(beside - colour).max(axis=1)
    needed = min(limits.border_most, share * max(1.0, limits.border_side / len(beside)))
    stands_out = float(np.mean(apart > limits.border_contrast)) / needed
    if not calm:
        return stands_out
    return max(2 * stands_out, float(np.mean(apart > limits.dead_range)) / limits.border_differs)


def flat_blocks(statistics: Statistics, levels: int) -> Flags:
    """The blocks whose extremes lie within ``levels`` in every channel."""
    spread = statistics.block_high - statistics.block_low
    return np.asarray((spread <= levels).all(axis=2))


def is_calm_outside(statistics: Statistics, region: Region, limits: Thresholds) -> bool:
    """Whether the picture outside ``region`` hardly ever paints flat, as far as it can be told."""
    flat = flat_blocks(statistics, limits.flat_range)
    outside = np.ones_like(flat)
    outside[
        region.top // BLOCK : -(-region.bottom // BLOCK),
        region.left // BLOCK : -(-region.right // BLOCK),
    ] = False
    known = int(outside.sum()) >= limits.calm_blocks
    return known and float(flat[outside].mean()) < limits.calm_share


def busy_share(line: Pixels) -> float:
    """The share of the pixels of a line that differ from their neighbour; drawings have few."""
    return float((line[1:] != line[:-1]).any(axis=1).mean())
