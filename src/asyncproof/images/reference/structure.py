"""Whether two pictures are the same by their structure, though not by their pixels.

Half precision and batches make a visible change of a rounding error: hair, leaves and grain lie
otherwise, an edge is a pixel or two further, the light is a little other. Composition, edges to
within a few pixels, local tone and local energy stay. Both are measured on cells of eight pixels:

- *tone*: the mean of a cell has to be one that the other picture has within four pixels of there;
- *detail*: the steps between neighbouring pixels, across and down, have to be about as strong as
  the other picture's around there.

Each measure is told in units of what drift may do: 1 is the limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from asyncproof.images.pixels import Pixels
from asyncproof.images.reference.neighbours import Map, around, opened, window
from asyncproof.images.region import CELL, Mask

Levels: TypeAlias = npt.NDArray[np.float32]
LEAST_SIDE = 3 * CELL  # pixels; smaller pictures are not compared by their structure
HALF = CELL // 2  # a cell in half resolution
REACH = 2  # places of half resolution: edges may be four pixels further
TONE = 10.0  # levels: three per cent of 255, and rounding
OF_TEXTURE = 0.5  # of the deviation of fine texture around may show in the mean of a cell
STRONGER, WEAKER = 1.5, 2.5  # times as strong or as weak may detail be
FAINT = 3.0  # levels; detail below is not told apart from none
LARGE = 64 * 64  # cells; pictures of 512 x 512 pixels
LEAST_PAIRS = 4
SIGMA = 1.4826  # deviations of a normal distribution in its median absolute deviation
TIMES_THE_MEDIAN, DEVIATIONS = 2.2, 4.0
LEAST_TONE = (
    0.8  # other pictures have other tones than those that were learned from; sound ones came so far
)
MOSTLY = 0.9  # of the cells agree where two contents are alike
GROWTH = 2  # cells that damage may reach beyond its core,
OF_LIMIT = 0.35  # where the pictures are so far apart


@dataclass(frozen=True, slots=True)
class Scores:
    """How far two pictures are apart in each cell (rows x columns), in units of the limit."""

    tone: Map
    detail: Map


@dataclass(frozen=True, slots=True)
class Structure:
    """The part of what drift may do that this miner needs, by tone and by detail; learned from
    ``pairs`` pictures beside their references."""

    tone: float = 1.0
    detail: float = 1.0
    pairs: int = 0

    @property
    def is_learned(self) -> bool:
        """Whether there were pairs enough; else all that drift may do is allowed."""
        return self.pairs >= LEAST_PAIRS


USUAL = Structure()


def scores(picture: Pixels, other: Pixels) -> Scores:
    """Of two pictures of one size, ``LEAST_SIDE`` or larger; transparency is not looked at."""
    one, two = picture[:, :, :3], other[:, :, :3]
    return Scores(_tone(one, two), _detail(one, two))


def reach(found: Scores) -> tuple[float, float]:
    """How far apart two pictures are, in units of the limit, by tone and by detail."""
    return float(_blocks(found.tone).max()), float(_blocks(found.detail).max())


def learn_structure(reaches: Sequence[tuple[float, float]]) -> Structure:
    """From how far pictures were from their idle references: by medians, so that damage in less
    than half of them moves nothing. Never more than the limit. Of detail nothing is learned: it
    depends on the picture more than on the miner."""
    if len(reaches) < LEAST_PAIRS:
        return Structure(pairs=len(reaches))
    return Structure(_limit(np.asarray(reaches)[:, 0], LEAST_TONE), pairs=len(reaches))


def damaged_cells(found: Scores, allowed: Structure) -> Mask:
    """Cells that are not the same by their structure: blocks beyond the limit, and what belongs to
    them."""
    apart = np.maximum(found.tone / allowed.tone, found.detail / allowed.detail)
    core = (_blocks(found.tone) > allowed.tone) | (_blocks(found.detail) > allowed.detail)
    core = _grown(core, apart > 1, core.size)
    return _grown(core, found.tone / allowed.tone > OF_LIMIT, GROWTH)


def is_same(picture: Pixels, other: Pixels) -> bool:
    """Whether two pictures of one size are the same by their structure everywhere; False where they
    are too small to tell."""
    if min(picture.shape[:2]) < LEAST_SIDE:
        return False
    return not damaged_cells(scores(picture, other), USUAL).any()


def is_alike(picture: Pixels, other: Pixels) -> bool:
    """Whether two pictures, or parts of them, are the same by their structure in most cells."""
    if min(picture.shape[:2]) < LEAST_SIDE:
        return False
    found = scores(picture, other)
    return bool((np.maximum(found.tone, found.detail) <= 1).mean() >= MOSTLY)


def _tone(picture: Pixels, other: Pixels) -> Map:
    ours, its = _halved(picture), _halved(other)
    allowed = TONE + OF_TEXTURE * _texture(its)
    ours, its, inner = _sliding(ours), _sliding(its), _sliding(_without_rim(its, REACH))
    missing = np.minimum(_outside(its, ours), _outside(inner, ours))
    excess = np.maximum(_outside(ours, its), missing)
    return np.asarray((excess / allowed).max(axis=2))


def _halved(pixels: Pixels) -> Levels:
    """Means of two by two pixels, of whole cells only."""
    rows, columns = pixels.shape[0] // CELL * CELL, pixels.shape[1] // CELL * CELL
    whole = pixels[:rows, :columns].astype(np.float32)
    pairs = whole[::2] + whole[1::2]
    return np.asarray((pairs[:, ::2] + pairs[:, 1::2]) / np.float32(4))


def _without_rim(pixels: Map, width: int) -> Map:
    """What may be left at the edges: what lay there can be moved out of the picture."""
    inside = pixels[width:-width, width:-width]
    return np.pad(inside, ((width, width), (width, width), (0, 0)), mode="reflect")


def _sliding(levels: Levels) -> Levels:
    """The means of squares of one cell, at each place up to ``REACH`` beyond the picture."""
    padded = np.pad(levels, ((REACH, REACH), (REACH, REACH), (0, 0)), mode="edge")
    sums = window(window(padded, 0, HALF, np.add), 1, HALF, np.add)
    return np.asarray(sums / np.float32(HALF * HALF))


def _outside(ours: Levels, its: Levels) -> Levels:
    """How far our mean of each cell is from all that the other picture has around there."""
    places = 2 * REACH + 1
    low, high = (
        window(window(its, 0, places, pick, HALF), 1, places, pick, HALF)
        for pick in (np.minimum, np.maximum)
    )
    mine = ours[REACH:-REACH:HALF, REACH:-REACH:HALF]
    return np.asarray(np.maximum(np.maximum(mine - high, low - mine), 0))


def _texture(halved: Levels) -> Map:
    """The deviation of what is finer than a cell, the greatest of each cell and those around."""
    rows, columns = halved.shape[0] // HALF, halved.shape[1] // HALF
    cells = halved.reshape(rows, HALF, columns, HALF, 3)
    return np.asarray(np.sqrt(around(cells.var(axis=(1, 3)), np.maximum)))


def _detail(picture: Pixels, other: Pixels) -> Map:
    ours, its = ([_steps(pixels, axis) for axis in (0, 1)] for pixels in (picture, other))
    most = around(np.maximum(*its), np.maximum)
    inner = _without_rim(other, HALF)
    its = [np.minimum(steps, _steps(inner, axis)) for axis, steps in enumerate(its)]
    weaker = (around(wanted, np.minimum) - mine for mine, wanted in zip(ours, its, strict=True))
    less, more = np.maximum(*weaker), np.maximum(*ours) - most
    beyond = np.maximum(less / np.log2(WEAKER), more / np.log2(STRONGER))
    return np.asarray(np.maximum(beyond, 0))


def _steps(pixels: Pixels, axis: int) -> Map:
    """How strong steps along an axis are in each cell and those beside it: a binary logarithm."""
    levels = pixels.astype(np.float32)
    squares = (np.diff(levels, axis=axis, append=levels.take([-1], axis)) ** 2).mean(axis=2)
    rows, columns = pixels.shape[0] // CELL, pixels.shape[1] // CELL
    cells = squares[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    padded = np.pad(cells.mean(axis=(1, 3)), 1, mode="edge")
    near = window(window(padded, 0, 3, np.add), 1, 3, np.add) / 9
    return np.asarray(0.5 * np.log2(near + FAINT**2))


def _blocks(score: Map) -> Map:
    """The score that a whole block of cells, or a whole line of them, has around each cell.

    What stands out in a cell here and there is no damage; a hundredth of the picture is a block of
    several cells, or a strip.
    """
    side = 3 if score.size >= LARGE else 2
    shapes = ((side, side), (1, 4 * side), (4 * side, 1))
    return np.asarray(np.maximum.reduce([opened(score, *shape) for shape in shapes]))


def _limit(reaches: npt.NDArray[np.float64], least: float) -> float:
    middle = float(np.median(reaches))
    spread = SIGMA * float(np.median(np.abs(reaches - middle)))
    return float(np.clip(TIMES_THE_MEDIAN * middle + DEVIATIONS * spread, least, 1.0))


def _grown(core: Mask, where: Mask, steps: int) -> Mask:
    """With the cells beside it for which ``where`` holds, so many times or until there are none."""
    for _ in range(steps):
        larger = np.asarray(core | (where & around(core, np.logical_or)))
        if (larger == core).all():
            break
        core = larger
    return core
