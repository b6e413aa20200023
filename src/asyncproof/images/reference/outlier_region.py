"""Where two pictures differ much more than they do elsewhere.

A decoder with group norm weighs every pixel by all others, so damage in one part of the latents
moves the rest of the picture too, by a few levels. The damage is where the difference is large.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from asyncproof.images.pixels import Pixels
from asyncproof.images.region import CELL, Mask

Levels: TypeAlias = npt.NDArray[np.float64]
LEAST_CELLS = 16  # in which the difference has to be large, and in which it has to be small
MOST_ELSEWHERE = 40  # levels beyond a change of tone; more is not the same picture
MOST_OF_TONE = 56  # levels that a change of tone may make
TONE_EXPLAINS = 1.5  # times what is left; of what drifts, tone explains hardly anything
TIMES = 3.0  # the large differences have to be of the small ones
SHARE_OF_LARGE = 0.3  # of the usual large difference, which a smeared border does not reach
OF_MOVE = 0.25
MOST_GAIN = 1.5  # of what may be called a change of tone
SOFT = 2  # cells; a decoder smears the border of damage over so many
MOSTLY = 0.97  # of the other pixels have to be within MOST_ELSEWHERE
QUANTILE = 0.999  # of the other pixels differ by no more than is told
FILLED = 0.5  # of the neighbours of a cell have to be large for it to be


@dataclass(frozen=True, slots=True)
class Outlier:
    """``mask`` marks the pixels of cells whose difference is large; ``elsewhere`` is by how many
    levels nearly all other pixels differ at most, ``by_tone`` whether most of that is tone."""

    mask: Mask
    elsewhere: int
    by_tone: bool


def outlier_region(picture: Pixels, reference: Pixels) -> Outlier | None:
    """None where the difference is about as large everywhere."""
    apart = np.abs(picture[:, :, :3].astype(np.int16) - reference[:, :, :3])
    beyond = _beyond_tone(picture, reference)
    means = _cell_means(beyond)
    if means.size < 2 * LEAST_CELLS:
        return None
    split = _split(means)
    if not (means > split).any():
        return None
    split = max(split, SHARE_OF_LARGE * float(np.median(means[means > split], axis=None)))
    large = _smoothed(means > split)
    counts = int(large.sum()), int((~large).sum())
    if min(counts) < LEAST_CELLS:
        return None
    if float(np.median(means[large])) < TIMES * float(means[~large].mean()):
        return None
    far = ~_widened(large)
    levels = apart.max(axis=2)
    calm = _pixels(far if far.any() else ~large, levels.shape)
    all_of_it, no_tone = (float(np.quantile(m[calm], MOSTLY)) for m in (levels, beyond))
    if no_tone > MOST_ELSEWHERE or all_of_it > MOST_OF_TONE:
        return None
    elsewhere = int(np.quantile(levels[calm], QUANTILE))
    return Outlier(_pixels(large, levels.shape), elsewhere, all_of_it > TONE_EXPLAINS * no_tone)


def _pixels(cells: Mask, shape: tuple[int, ...]) -> Mask:
    return cells.repeat(CELL, axis=0).repeat(CELL, axis=1)[: shape[0], : shape[1]]


def _widened(large: Mask) -> Mask:
    """With the cells around, over which a decoder smears the border."""
    padded = np.pad(large, SOFT)
    rows, columns = large.shape
    near = range(2 * SOFT + 1)
    shifted = [padded[d : d + rows, r : r + columns] for d in near for r in near]
    return np.asarray(np.logical_or.reduce(shifted))


def _beyond_tone(picture: Pixels, reference: Pixels) -> Levels:
    """How far each pixel differs when the tone of the part that fits best is taken out: each
    channel there is the reference's, by another gain and offset."""
    ours, its = _cell_means(picture[:, :, :3]), _cell_means(reference[:, :, :3])
    fits = [_tone(ours[part], its[part]) for part in _parts(*ours.shape[:2])]
    gain, offset, _ = min(fits, key=lambda fit: fit[2])
    apart = picture[:, :, :3] - (reference[:, :, :3] * gain.astype(np.float32) + offset)
    return np.asarray(np.abs(apart).max(axis=2))


def _parts(rows: int, columns: int) -> list[tuple[slice, slice]]:
    """Thirds from each side, and all: some of it is sound, or nothing can be told."""
    everything = slice(None)
    third, wide = max(1, rows // 3), max(1, columns // 3)
    return [
        (everything, everything),
        (slice(third), everything),
        (slice(-third, None), everything),
        (everything, slice(wide)),
        (everything, slice(-wide, None)),
    ]


def _tone(ours: Levels, its: Levels) -> tuple[Levels, Levels, float]:
    """Gain and offset of each channel, and what they leave unexplained, in levels."""
    ours, its = ours.reshape(-1, 3), its.reshape(-1, 3)
    middle, its_middle = ours.mean(axis=0), its.mean(axis=0)
    spread = ((its - its_middle) ** 2).sum(axis=0)
    gain = ((ours - middle) * (its - its_middle)).sum(axis=0) / np.maximum(spread, len(its))
    gain = np.clip(gain, 1 / MOST_GAIN, MOST_GAIN)
    offset = middle - gain * its_middle
    moved = OF_MOVE * np.abs(ours - its).mean()  # of two that fit, the one that moved less
    return gain, offset, float(np.abs(ours - gain * its - offset).mean() + moved)


def _cell_means(values: npt.NDArray[np.generic]) -> Levels:
    """Of each cell, and of each channel where there are several."""
    sides = (0, -values.shape[0] % CELL), (0, -values.shape[1] % CELL)
    padded = np.pad(values, (*sides, (0, 0))[: values.ndim], mode="edge")
    rows, columns = padded.shape[0] // CELL, padded.shape[1] // CELL
    cells = padded.reshape(rows, CELL, columns, CELL, *values.shape[2:])
    means: Levels = cells.mean(axis=(1, 3), dtype=np.float64)
    return means


def _split(means: Levels) -> float:
    """The level that parts small from large differences best: both parts are the most alike in
    themselves, by their logarithms (Otsu's method)."""
    ordered = np.sort(np.log(means.ravel() + 1))
    total, count = np.cumsum(ordered), np.arange(1, ordered.size + 1)
    below = total / count
    above = (total[-1] - total) / np.maximum(ordered.size - count, 1)
    between = count * (ordered.size - count) * (below - above) ** 2
    return float(np.exp(ordered[int(np.argmax(between))]) - 1)


def _smoothed(large: Mask) -> Mask:
    """Each cell as most of its neighbourhood is; a part that happens to agree is filled."""
    padded = np.pad(large, 1, mode="edge").astype(np.float64)
    rows, columns = large.shape
    around = sum(
        padded[down : down + rows, right : right + columns]
        for down in range(3)
        for right in range(3)
    )
    return np.asarray(around / 9 > FILLED)
