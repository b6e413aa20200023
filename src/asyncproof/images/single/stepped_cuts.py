"""Borders of a cut that are not one straight line: soft over a few pixels, or with one step.

A decoder that got no further stopped in the middle of a row of blocks, so the border lies higher on
one side than on the other; a lossy format, or a change of size, smears it. Both parts are straight
all the same, and the picture begins soon beyond them.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from asyncproof.images.pixels import Pixels
from asyncproof.images.single.thresholds import Thresholds

Levels: TypeAlias = npt.NDArray[np.int64]
REACH = 48  # lines beyond the flat part that are looked at; a row of blocks has at most 32
STEP = 8  # pixels; steps are looked for at every eighth column
LEAST_WIDTH = 16  # pixels on each side of a step


@dataclass(frozen=True, slots=True)
class Stair:
    """``before`` and ``after`` column ``step`` the flat part reaches so many lines further; both
    are alike where there is no step. ``beside`` are the pixels beyond the border."""

    step: int
    before: int
    after: int
    straight: float
    beside: Pixels


def stair(lines: Pixels, colour: npt.NDArray[np.float64], limits: Thresholds) -> Stair | None:
    """The border of a flat part; ``lines`` are those beyond it, the nearest first.

    None where the border is ragged, or lies too far off.
    """
    near = np.abs(lines[:REACH] - colour).max(axis=2) <= limits.border_contrast
    depths = np.where(near.all(axis=0), len(near), np.argmin(near, axis=0))
    best = max(_stairs(depths, limits), key=lambda found: found[3], default=None)
    if best is None or best[3] < limits.stair_straight:
        return None
    step, before, after, straight = best
    columns = np.arange(len(depths))
    rows = np.where(columns < step, before, after) + limits.stair_margin
    if rows.max() >= len(near):
        return None
    return Stair(step, before, after, straight, lines[rows, columns])


def _stairs(depths: Levels, limits: Thresholds) -> list[tuple[int, int, int, float]]:
    """Where a step could be, how far both sides reach, and the share of columns that agree."""
    found = []
    for step in (0, *range(LEAST_WIDTH, len(depths) - LEAST_WIDTH, STEP)):
        before = int(np.median(depths[:step])) if step else 0
        after = int(np.median(depths[step:]))
        level = np.where(np.arange(len(depths)) < step, before, after)
        agree = np.abs(depths - level) <= limits.stair_slack
        found.append((step, before if step else after, after, float(agree.mean())))
    return found
