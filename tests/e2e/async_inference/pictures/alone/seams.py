"""Lines along which two contents meet that do not belong together: half of another picture."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tests.e2e.async_inference.pictures.alone.cuts import busy_share
from tests.e2e.async_inference.pictures.alone.statistics import Ints, Statistics
from tests.e2e.async_inference.pictures.alone.suspicion import Sign, Suspicion
from tests.e2e.async_inference.pictures.alone.thresholds import Thresholds
from tests.e2e.async_inference.pictures.pixels import Pixels
from tests.e2e.async_inference.pictures.region import Region

NEAR, FAR = 3, 8  # lines before and after a seam, beyond any stroke that was drawn along it


def seams(pixels: Pixels, statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """The sharpest line across the picture, and the sharpest down it, if they are sharp enough.

    What lies on the smaller side of it is called foreign; a look cannot tell which side is.
    """
    height, width = statistics.height, statistics.width
    rgb = pixels[:, :, :3]
    row = _sharpest(rgb, statistics.row_steps, limits)
    if row is not None:
        line, strength = row
        below = Region(0, line, width, height, width, height)
        above = Region(0, 0, width, line, width, height)
        smaller = min(below, above, key=lambda r: r.area)
        words = f"do not belong to the rest (seam at row {line})"
        yield Suspicion(Sign.SEAM, smaller, words, strength)
    column = _sharpest(rgb.transpose(1, 0, 2), statistics.column_steps, limits)
    if column is not None:
        line, strength = column
        left = Region(0, 0, line, height, width, height)
        right = Region(line, 0, width, height, width, height)
        smaller = min(right, left, key=lambda r: r.area)
        words = f"do not belong to the rest (seam at column {line})"
        yield Suspicion(Sign.SEAM, smaller, words, strength)


def _sharpest(lines: Pixels, steps: Ints, limits: Thresholds) -> tuple[int, float] | None:
    share = steps.sum(axis=1) / lines.shape[1]
    line = int(np.argmax(share))
    if share[line] < limits.seam_share or not NEAR < line < len(lines) - FAR:
        return None
    needed = _needed_share(lines[line].astype(np.int16) - lines[line - 1], limits)
    if share[line] < needed or _is_drawn(lines, line, limits):
        return None
    return line, float(share[line] / needed)


def _needed_share(step: npt.NDArray[np.int16], limits: Thresholds) -> float:
    """More where all of the line steps one way, as a horizon or the rim of a table does."""
    levels = step.mean(axis=1)
    if levels.std() < limits.seam_spread:
        return float("inf")  # bars, frames and flat shapes step by one amount
    upwards = float((levels > 0).mean())
    mixed = min(upwards, 1 - upwards) >= limits.seam_mixed
    return limits.seam_share if mixed else limits.seam_share_one_way


def _is_drawn(lines: Pixels, line: int, limits: Thresholds) -> bool:
    """Whether flat colours meet there, or a stroke runs through one content."""
    before, after = lines[line - NEAR], lines[line + FAR - 1]
    calm = min(busy_share(before), busy_share(after)) < limits.busy_share
    apart = np.abs(before.astype(np.int16) - after).max(axis=1) > limits.border_contrast
    return calm or float(apart.mean()) < limits.border_share
