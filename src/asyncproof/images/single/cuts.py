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

from asyncproof.images.pixels import Pixels
from asyncproof.images.reference.content import colour_name
from asyncproof.images.region import Region
from asyncproof.images.single.statistics import BLOCK, Ints, Statistics
from asyncproof.images.single.stepped_cuts import REACH, stair
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds

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
    rgb = pixels[:, :, :3]
    runs = _runs(rgb, statistics, limits)
    if _is_frame(runs, limits):
        return
    for side, run in runs.items():
        bar = _is_bar(run, runs[_OPPOSITE[side]], limits)
        if bar or not _is_long(run, side, statistics, limits):
            continue
        calm = is_calm_outside(statistics, run.region, limits)
        phrase = f"are flat {colour_name(run.colour)}"
        strength = border_strength(run.beside, run.colour, limits.border_share, calm, limits)
        drawn = not calm and busy_share(run.beside) < limits.busy_share
        if strength >= 1 and not drawn:
            yield Suspicion(Sign.DEAD_EDGE, run.region, phrase, strength)
            continue
        yield from _stairs(_beyond(rgb, side, run.lines), side, run, calm, limits)


def _stairs(
    beyond: Pixels, side: str, run: _Run, calm: bool, limits: Thresholds
) -> Iterator[Suspicion]:
    """A suspicion where the border is smeared, or has one step."""
    found = stair(beyond, run.colour, limits)
    if found is None or (not calm and busy_share(found.beside) < limits.busy_share):
        return
    apart = np.abs(found.beside - run.colour).max(axis=1)
    strength = float(np.mean(apart > limits.stair_contrast)) / limits.stair_share
    if strength >= 1:
        phrase = f"are flat {colour_name(run.colour)}"
        if abs(found.before - found.after) > limits.stair_slack:
            phrase += f", and from {_SIDEWAYS[side]} {found.step} on the border lies "
            phrase += f"{abs(found.after - found.before)} pixels further "
            phrase += "in" if found.after > found.before else "out"
        yield Suspicion(Sign.DEAD_EDGE, run.region, phrase, strength)


def _beyond(rgb: Pixels, side: str, lines: int) -> Pixels:
    """The lines beyond a flat part, the nearest first."""
    upright = rgb if side in {"top", "bottom"} else rgb.transpose(1, 0, 2)
    if side in {"top", "left"}:
        return upright[lines : lines + REACH]
    end = len(upright) - lines
    return upright[max(0, end - REACH) : end][::-1]


_SIDEWAYS = {"top": "column", "bottom": "column", "left": "row", "right": "row"}
_OPPOSITE = {"bottom": "top", "top": "bottom", "left": "right", "right": "left"}


def _runs(rgb: Pixels, statistics: Statistics, limits: Thresholds) -> dict[str, _Run]:
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
        for side, (lines, region, beside) in places.items()
    }


def _is_long(run: _Run, side: str, statistics: Statistics, limits: Thresholds) -> bool:
    """Whether a run is long enough to be a cut, and not all of the picture."""
    length = statistics.height if side in {"top", "bottom"} else statistics.width
    return max(limits.dead_lines * length, limits.dead_least) <= run.lines < length


def _is_frame(runs: dict[str, _Run], limits: Thresholds) -> bool:
    """Whether all four sides have one colour, and two opposite ones about the same width."""
    if min(run.lines for run in runs.values()) < limits.frame_least:
        return False
    colours = np.stack([run.colour for run in runs.values()])
    if np.ptp(colours, axis=0).max() > limits.border_contrast:
        return False
    pairs = (("left", "right"), ("top", "bottom"))
    return any(_is_bar(runs[one], runs[other], limits) for one, other in pairs)


def _dead_run(low: Ints, high: Ints, limits: Thresholds) -> int:
    """How many lines from the first on are flat together."""
    spread = np.maximum.accumulate(high, axis=0) - np.minimum.accumulate(low, axis=0)
    dead = np.asarray((spread <= limits.dead_range).all(axis=1))
    return int(np.argmin(dead)) if not dead.all() else len(dead)


def _colour(rgb: Pixels, region: Region) -> npt.NDArray[np.float64]:
    """Of a flat part; where there is none, of the pixel that would begin it."""
    row, column = min(region.top, len(rgb) - 1), min(region.left, rgb.shape[1] - 1)
    return np.asarray(rgb[row, column], dtype=np.float64)


def _is_bar(run: _Run, opposite: _Run, limits: Thresholds) -> bool:
    if not opposite.lines:
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
