"""Noise of latents as a decoder paints it: blotches, a few cells of 8 pixels wide, of every shade.

Single pixels do not look like noise there, because the decoder smooths them, and the channels move
together. What gives it away is that it is the same kind of disorder everywhere. Looked for in
windows of 64 pixels, half over each other, line by line from each side.
"""

from collections.abc import Iterator

import numpy as np

from asyncproof.images.region import Region
from asyncproof.images.single.decoded_noise import Numbers, likelihood, windows
from asyncproof.images.single.statistics import BLOCK, Statistics
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds

# Of the usual window of a line of windows, as other decoders paint noise too: each number between
# these two. Set by hand, on other pictures than the table of weights.
USUAL = {
    "variance": (3.58, 7.6),  # by their logarithms, as all but the steps, brightness and evenness
    "brightness": (1.0, 2.19),  # noise is neither dark nor bright
    "across": (0.4, 0.85),  # half the squared step to the next cell ÷ variance; smooth has 0
    "down": (0.4, 0.85),
    "two across": (0.6, 1.2),  # to the cell after that: it knows hardly anything of the first
    "two down": (0.6, 1.2),
    "colour": (-2.81, -0.69),  # squared steps of R − B ÷ those of lightness, between cells
    "fine colour": (-4.42, -2.41),  # squared steps of R − B ÷ those of R and B, between pixels
    "detail": (0.53, 1.25),  # variance of the pixels ÷ that of the cells
    "tails": (0.88, 1.36),  # fourth power of the steps ÷ their square squared
    "evenness": (0.45, 1.0),  # steps in the calmest quarter of a window ÷ in all of it
}
# A decoder that paints cells smoothly: clouds and moss are as smooth, but less rough.
SMOOTH = USUAL | {
    "across": (0.65, 0.95),
    "down": (0.65, 0.95),
    "two across": (0.85, 1.3),
    "two down": (0.85, 1.3),
    "fine colour": (-2.41, -1.9),
    "detail": (0.15, 0.53),
}
FINE_COLOUR = (0.006, 0.3)  # squared steps of R − B ÷ those of R and B, in blocks of noise
# Pixels a side from which the fitted weights were tried on sound pictures. In less there are so few
# windows that one drawn object can fill most of them; noise is noise in every one.
FITTED_FROM, SURELY = 192, 0.9
SIDES = ("bottom", "right", "left")  # not the top, where leaves and clouds are


def undenoised(statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """The whole picture, or a strip along one side, as a decoder paints noise."""
    if min(statistics.height, statistics.width) < (limits.undenoised_lines + 1) * BLOCK:
        return
    if not _may_be_noise(statistics):
        return
    numbers = windows(statistics)
    likely = likelihood(numbers)
    if min(statistics.height, statistics.width) < FITTED_FROM and likely.min() < SURELY:
        likely = np.zeros_like(likely)
    for side in SIDES:
        lines = max(_likely_lines(likely, side, limits), _usual_lines(numbers, side))
        total = len(from_side(likely, side))
        if lines < max(limits.undenoised_lines, limits.undenoised_share * total):
            continue
        words, strength = "are undenoised noise", lines / (limits.undenoised_share * total)
        if lines == total:
            whole = Region.whole(statistics.height, statistics.width)
            yield Suspicion(Sign.NOISE, whole, words, strength)
            return
        region = strip_at(side, (lines + 1) * BLOCK, statistics)
        yield Suspicion(Sign.NOISE, region, words, strength)


def _may_be_noise(statistics: Statistics) -> bool:
    """Whether enough blocks are neither grey nor of loud colours: no strip is noise otherwise."""
    colour = statistics.block_colour_steps / np.maximum(statistics.block_channel_steps, 1)
    low, high = FINE_COLOUR
    return bool(np.mean((colour > low) & (colour < high)) > 1 / 8)


def _usual_lines(numbers: dict[str, Numbers], side: str) -> int:
    """How many lines of windows, from a side on, have the usual numbers of noise."""
    medians = {name: np.median(from_side(numbers[name], side), axis=1) for name in USUAL}
    lines = []
    for bounds in (USUAL, SMOOTH):
        within = [(low <= medians[n]) & (medians[n] <= high) for n, (low, high) in bounds.items()]
        noisy = np.logical_and.reduce(within)
        lines.append(int(np.argmin(np.append(noisy, False))))
    return max(lines)


def _likely_lines(likely: Numbers, side: str, limits: Thresholds) -> int:
    """How many lines of windows, from a side on, look like noise, each of them and on the whole."""
    each = from_side(likely, side).mean(axis=1)
    all_before = np.cumsum(each) / np.arange(1, len(each) + 1)
    noisy = (each > limits.undenoised_line) & (all_before > limits.undenoised_mean)
    return int(np.argmin(np.append(noisy, False)))


def from_side(values: Numbers, side: str) -> Numbers:
    """With the lines of one side first."""
    upright = values if side in {"top", "bottom"} else np.swapaxes(values, 0, 1)
    return upright[::-1] if side in {"bottom", "right"} else upright


def strip_at(side: str, lines: int, statistics: Statistics) -> Region:
    """So many lines along one side, and the rest there that fills no block."""
    height, width = statistics.height, statistics.width
    left, top, right, bottom = 0, 0, width, height
    if side == "bottom":
        top = height - lines - height % BLOCK
    elif side == "right":
        left = width - lines - width % BLOCK
    else:
        right = lines
    return Region(left, top, right, bottom, width, height)
