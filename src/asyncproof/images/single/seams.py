"""Lines along which two contents meet that do not belong together: half of another picture.

Looked at in runs of eight pixels along the line, where grain cancels out. Along a seam nearly all
of them jump, much further than a few lines before or after it, each by an amount of its own, and
what lies before says nothing of what lies after. Edges that a lens or a decoder drew are softer or
shorter; horizons and rims, which jump by one amount, are softer too; what is laid over a picture
lets it through.
"""

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from asyncproof.images.pixels import Pixels
from asyncproof.images.region import Region
from asyncproof.images.single.cuts import busy_share
from asyncproof.images.single.statistics import CELL, Ints, Statistics
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds

Runs: TypeAlias = npt.NDArray[np.float64]
NEAR, FAR = 3, 8  # lines before and after a seam, beyond any stroke that was drawn along it
AROUND = 5  # lines on each side whose steps a seam has to exceed
DETAIL = 4  # runs on each side; what is slower along a line is taken out before lines are compared


def seams(pixels: Pixels, statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """The sharpest line across the picture, and the sharpest down it, if they are seams.

    What lies on the smaller side of it is called foreign; a look cannot tell which side is.
    """
    height, width = statistics.height, statistics.width
    if min(height, width) < limits.seam_side:
        return
    rgb = pixels[:, :, :3]
    sharper = math.sqrt(max(1.0, limits.seam_full_side / min(height, width)))
    row = _seam(rgb, statistics.row_steps, sharper, limits)
    if row is not None:
        line, strength = row
        below = Region(0, line, width, height, width, height)
        above = Region(0, 0, width, line, width, height)
        smaller = min(below, above, key=lambda r: r.area)
        words = f"do not belong to the rest (seam at row {line})"
        yield Suspicion(Sign.SEAM, smaller, words, strength)
    column = _seam(rgb.transpose(1, 0, 2), statistics.column_steps, sharper, limits)
    if column is not None:
        line, strength = column
        left = Region(0, 0, line, height, width, height)
        right = Region(line, 0, width, height, width, height)
        smaller = min(right, left, key=lambda r: r.area)
        words = f"do not belong to the rest (seam at column {line})"
        yield Suspicion(Sign.SEAM, smaller, words, strength)


def _seam(
    lines: Pixels, steps: Ints, sharper: float, limits: Thresholds
) -> tuple[int, float] | None:
    """The line and the strength; ``sharper`` is how much more a small picture has to show."""
    line = int(np.argmax(steps))
    if not AROUND <= line <= len(lines) - FAR:
        return None
    runs = _runs(lines[line - AROUND : line + AROUND])
    strength = _strength(runs, limits) / sharper
    if strength < 1 or _alike(runs) > limits.seam_alike / sharper:
        return None
    calm = min(busy_share(lines[line - NEAR]), busy_share(lines[line + FAR - 1]))
    return None if calm < limits.busy_share else (line, strength)


def _runs(lines: Pixels) -> Runs:
    """The mean levels of each run of ``CELL`` pixels of each line; the rest is left out."""
    whole = lines[:, : lines.shape[1] // CELL * CELL].astype(np.int32)
    y = whole[:, :, 0] + 2 * whole[:, :, 1] + whole[:, :, 2]
    return np.asarray(y.reshape(len(lines), -1, CELL).mean(axis=2) / 4)


def _strength(runs: Runs, limits: Thresholds) -> float:
    """By how much runs jump at the middle line, and how many do; 1 is the threshold of both."""
    steps = np.abs(np.diff(runs, axis=0))
    seam, others = steps[AROUND - 1], np.delete(steps, AROUND - 1, axis=0)
    jumps = (seam >= limits.seam_step) & (seam >= limits.seam_excess * others.max(axis=0))
    excess = seam.mean() / max(float(others.mean(axis=1).max()), 1e-9)
    needed = limits.seam_one_way if _is_one_way(runs, limits) else limits.seam_prominence
    return float(min(jumps.mean() / limits.seam_share, excess / needed))


def _is_one_way(runs: Runs, limits: Thresholds) -> bool:
    """Whether all of the line steps one way by about one amount, as a horizon or a rim does."""
    step = runs[AROUND] - runs[AROUND - 1]
    upwards = float((step > 0).mean())
    one_way = min(upwards, 1 - upwards) < limits.seam_mixed
    return one_way and float(step.std()) < limits.seam_spread * abs(float(step.mean()))


def _alike(runs: Runs) -> float:
    """How alike the details on both sides are, −1 to 1: of a stroke, a veil, a mirror in water."""
    before, after = _details(runs[AROUND - 1]), _details(runs[AROUND])
    energy = float(np.sqrt((before @ before) * (after @ after)))
    return float(before @ after) / max(energy, 1e-9)


def _details(line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    window = 2 * DETAIL + 1
    slow = np.convolve(np.pad(line, DETAIL, mode="edge"), np.full(window, 1 / window), "valid")
    return np.asarray(line - slow)
