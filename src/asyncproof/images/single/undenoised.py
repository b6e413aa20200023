"""Noise of latents as a decoder paints it: blotches, a few cells of 8 pixels wide, of every shade.

Single pixels do not look like noise there, because the decoder smooths them, and the channels move
together. What gives it away is that it is the same kind of disorder everywhere. Looked for in
windows of 64 pixels, by the means of their cells.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from asyncproof.images.region import Region
from asyncproof.images.single.statistics import BLOCK, CELL, Ints, Statistics
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds

Numbers = npt.NDArray[np.float64]
SIDES = ("bottom", "right", "left")  # not the top, where leaves and clouds are
_PIXELS = BLOCK * BLOCK
# What the usual window of a line of windows has, in noise: each number between these two.
BOUNDS = {
    "variance": (36.0, 2000.0),  # of the means of the cells, in levels²
    "brightness": (64.0, 140.0),  # noise is neither dark nor bright
    "across": (0.4, 0.85),  # half the squared step to the next cell ÷ variance; smooth has 0
    "down": (0.4, 0.85),
    "two across": (0.6, 1.2),  # to the cell after that: it knows hardly anything of the first
    "two down": (0.6, 1.2),
    "colour": (0.06, 0.5),  # squared steps of R − B ÷ those of lightness, between cells
    "fine colour": (0.012, 0.09),  # squared steps of R − B ÷ those of R and B, between pixels
    "detail": (1.7, 3.5),  # variance of the pixels ÷ that of the cells
    "tails": (2.4, 3.9),  # fourth power of the steps ÷ their square squared; normal noise has 3
    "evenness": (0.45, 1.0),  # steps in the calmest quarter of a window ÷ in all of it
}


def undenoised(statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """The whole picture, or a strip along one side, as a decoder paints noise."""
    if min(statistics.height, statistics.width) < (limits.undenoised_lines + 1) * BLOCK:
        return
    if not _may_be_noise(statistics):
        return
    windows = _windows_of_noise(statistics)
    for side in SIDES:
        lines = noisy_lines(windows, side)
        total = len(from_side(windows["variance"], side))
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
    low, high = BOUNDS["fine colour"]
    return bool(np.mean((colour > low / 2) & (colour < high * 2)) > 1 / 8)


def noisy_lines(windows: dict[str, Numbers], side: str) -> int:
    """How many lines of windows, from a side on, look like noise."""
    noisy = np.ones(len(from_side(windows["variance"], side)), np.bool_)
    for name, (low, high) in BOUNDS.items():
        usual = np.median(from_side(windows[name], side), axis=1)
        noisy &= (low <= usual) & (usual <= high)
    return int(np.argmin(np.append(noisy, False)))


def _windows_of_noise(statistics: Statistics) -> dict[str, Numbers]:
    """The numbers that ``BOUNDS`` names, of each window of two by two blocks."""
    cells = statistics.cells / (CELL * CELL)
    y = (cells[..., 0] + 2 * cells[..., 1] + cells[..., 2]) / 4
    across, down = _steps(y, 1, 1) ** 2, _steps(y, 1, 0) ** 2
    mean = _mean(y, statistics)
    variance = np.maximum(_mean(y * y, statistics) - mean**2, 1e-6)
    squares = _four(statistics.block_squares / _PIXELS) / 64  # Y counts four times a level
    steps = np.maximum(_mean(across, statistics), 1e-6)
    energy = _blocks(across + down, statistics)
    return {
        "variance": variance,
        "brightness": mean,
        "across": steps / (2 * variance),
        "down": _mean(down, statistics) / (2 * variance),
        "two across": _mean(_steps(y, 2, 1) ** 2, statistics) / (2 * variance),
        "two down": _mean(_steps(y, 2, 0) ** 2, statistics) / (2 * variance),
        "colour": _mean(_steps(cells[..., 0] - cells[..., 2], 1, 1) ** 2, statistics) / steps,
        "fine colour": _four(statistics.block_colour_steps)
        / np.maximum(_four(statistics.block_channel_steps), 1),
        "detail": np.maximum(squares - mean**2, 0) / variance,
        "tails": _mean(across**2, statistics) / steps**2,
        "evenness": 4 * _least(energy) / np.maximum(_four(energy), 1e-6),
    }


def _steps(values: Numbers, lag: int, axis: int) -> Numbers:
    """Each cell less the one ``lag`` before it; 0 for the first."""
    steps = np.zeros_like(values)
    if axis:
        steps[:, lag:] = values[:, lag:] - values[:, :-lag]
    else:
        steps[lag:] = values[lag:] - values[:-lag]
    return steps


def _mean(cells: Numbers, statistics: Statistics) -> Numbers:
    """Of the cells of each window."""
    return _four(_blocks(cells, statistics)) / (4 * (BLOCK // CELL) ** 2)


def _blocks(cells: Numbers, statistics: Statistics) -> Numbers:
    """The sum of the cells of each block."""
    rows, columns, each = statistics.height // BLOCK, statistics.width // BLOCK, BLOCK // CELL
    whole = cells[: rows * each, : columns * each].reshape(rows, each, columns, each)
    sums: Numbers = whole.sum(axis=(1, 3))
    return sums


def _corners(blocks: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    return blocks[:-1, :-1], blocks[1:, :-1], blocks[:-1, 1:], blocks[1:, 1:]


def _four(blocks: Numbers | Ints) -> Numbers:
    """The sum of the blocks of each window."""
    return np.asarray(np.add.reduce(_corners(np.asarray(blocks, np.float64))))


def _least(blocks: Numbers) -> Numbers:
    return np.asarray(np.minimum.reduce(_corners(blocks)))


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
