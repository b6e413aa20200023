"""Noise where a picture should be: neighbours, and channels, that know nothing of each other.

Looked for at two scales: single pixels, and cells of eight pixels, which is how latents look that
were decoded before they were denoised.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from asyncproof.images.region import Region
from asyncproof.images.single.cuts import Flags
from asyncproof.images.single.statistics import BLOCK, CELL, Statistics
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds
from asyncproof.images.single.tiles import block_groups, block_region

MIN_BLOCKS = 4  # one tile of 64 pixels
_PIXELS = BLOCK * BLOCK
_Y_LEVELS = 4  # Y counts four times a level
_Y_NOISE = 3  # variance of Y ÷ that of R and B together, where the channels are independent


def noise(statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """The whole picture as noise, or each rectangle of it that is."""
    noisy = noisy_blocks(statistics, limits)
    whole = Region.whole(statistics.height, statistics.width)
    if noisy.size and noisy.mean() >= limits.noise_whole:
        yield Suspicion(Sign.NOISE, whole, "are noise", float(noisy.mean() / limits.noise_whole))
        return
    blotches = _noisy_cells(statistics, limits)
    if blotches >= 1:
        yield Suspicion(Sign.NOISE, whole, "are undenoised noise", blotches)
        return
    for group in block_groups(noisy):
        region = block_region(group, statistics)
        fill = len(group) * _PIXELS / region.area
        if len(group) >= MIN_BLOCKS and fill >= limits.noise_fill and _is_block_wide(region):
            yield Suspicion(Sign.NOISE, region, "are noise", fill / limits.noise_fill)


def _is_block_wide(region: Region) -> bool:
    return (
        min(region.right - region.left, region.bottom - region.top) >= 2 * BLOCK or region.cut_off
    )


def noisy_blocks(statistics: Statistics, limits: Thresholds) -> Flags:
    """The blocks whose pixels look independent, in their place and in their channels."""
    variance = statistics.block_squares / _PIXELS - (statistics.block_sum / _PIXELS) ** 2
    both_ways = statistics.block_steps / (4 * _PIXELS) / np.maximum(variance, 1)
    across = _Y_NOISE * statistics.block_channel_steps / (2 * _PIXELS) / np.maximum(variance, 1)
    rough = np.minimum(both_ways, across)  # waves and blinds are rough one way only
    colour = statistics.block_colour_steps / np.maximum(statistics.block_channel_steps, 1)
    strong = variance > (limits.noise_spread * _Y_LEVELS) ** 2
    return np.asarray(strong & (rough > limits.noise_roughness) & (colour > limits.noise_colour))


def _has_two_colours(means: npt.NDArray[np.float64], limits: Thresholds) -> bool:
    """Whether all colours are mixed of two, as those of a fine pattern: noise has every colour."""
    spread = np.linalg.eigvalsh(np.cov(means.reshape(-1, 3), rowvar=False))
    return bool(spread[1] < limits.blotch_second * spread[2])


def _noisy_cells(statistics: Statistics, limits: Thresholds) -> float:
    """How noisy the means of the cells are over the whole picture; 1 is the threshold."""
    means: npt.NDArray[np.float64] = statistics.cells / (CELL * CELL)
    if min(means.shape[:2]) < 8:
        return 0.0
    y = means.mean(axis=2)
    steps = [np.diff(y, axis=axis).var() for axis in (0, 1)]
    rough = min(steps) / max(2 * y.var(), 1e-9)
    red_blue = np.diff(means[:, :, 0] - means[:, :, 2], axis=1).var()
    channels = np.diff(means[:, :, 0], axis=1).var() + np.diff(means[:, :, 2], axis=1).var()
    colour = red_blue / max(channels, 1e-9)
    if y.std() < limits.noise_spread / 2 or _has_two_colours(means, limits):
        return 0.0
    return float(min(rough / limits.noise_roughness, colour / limits.blotch_colour))
