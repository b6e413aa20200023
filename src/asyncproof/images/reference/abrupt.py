"""Whether a difference ends at once, beside pixels that are exactly the same.

What drifts moves wherever there is something to move, and fades where it ends. A part that was
painted over, brightened or exchanged has a border, and beyond it nothing has changed.
"""

import numpy as np

from asyncproof.images.pixels import Pixels, distance_map
from asyncproof.images.reference.neighbours import Map, around
from asyncproof.images.region import CELL

CHANGED = 3.0  # levels by which the pixels of a cell differ in the mean, for it to be changed
# A cell beside a changed one is a witness where it has about its tone, and half of its texture:
# drift that changed that one would have changed this one too.
LIKE_TONE, LIKE_TEXTURE = 8.0, 0.5  # levels; times
LEAST_WITNESSES = 4  # cells
MOSTLY = 0.9  # of the witnesses have to be unchanged
# What drifts a little moves more than what it changes: of 1,800 such pictures of 128 x 128 pixels,
# six in ten of the other cells were exact at most. Beside a part that was painted over, all are.
REST = 0.8
# Where a good part is changed and a good part is not, nothing lies between the two: of 224 such
# pictures that had drifted, at most 82 in 100 of the unchanged cells were exact.
GOOD_PART, NOTHING_BETWEEN = 0.2, 0.93
FAR = 2  # cells from what is changed; the cell between is covered in part


def ends_abruptly(picture: Pixels, other: Pixels, tolerance: int) -> bool:
    """For pictures of one size. ``tolerance``: levels within which a pixel is unchanged."""
    apart, colours = _cells(distance_map(picture, other)), _cells(other[:, :, :3])
    changed, exact = apart.mean(axis=(1, 3)) > CHANGED, apart.max(axis=(1, 3)) <= tolerance
    tone, texture = colours.mean(axis=(1, 3)), colours.std(axis=(1, 3)).mean(axis=2)
    if changed.all() or exact[~changed].mean() < REST:
        return False
    in_two = min(changed.mean(), 1 - changed.mean()) >= GOOD_PART and tolerance < CHANGED
    if in_two and exact[~changed].mean() >= NOTHING_BETWEEN:
        return True
    beside = ~around(changed, np.logical_or, FAR - 1)
    witnesses = beside & _like_one_near(changed, tone, texture)
    return bool(witnesses.sum() >= LEAST_WITNESSES and exact[witnesses].mean() >= MOSTLY)


def _like_one_near(changed: Map, tone: Map, texture: Map) -> Map:
    """Cells that have the tone and the texture of a changed one up to ``FAR`` cells away."""
    rows, columns = changed.shape
    near = np.pad(changed, FAR)
    tones = np.pad(tone, ((FAR, FAR), (FAR, FAR), (0, 0)))
    textures = np.pad(texture, FAR)
    found = np.zeros_like(changed)
    for down in range(2 * FAR + 1):
        for right in range(2 * FAR + 1):
            there = slice(down, down + rows), slice(right, right + columns)
            like = np.abs(tones[there] - tone).max(axis=2) <= LIKE_TONE
            found |= near[there] & like & (texture >= LIKE_TEXTURE * textures[there])
    return found


def _cells(levels: Map) -> Map:
    """Rows x pixels x columns x pixels, and the channels where there are any."""
    rows, columns = levels.shape[0] // CELL, levels.shape[1] // CELL
    whole = levels[: rows * CELL, : columns * CELL].astype(np.float32)
    return whole.reshape(rows, CELL, columns, CELL, *levels.shape[2:])
