"""How much each window of a picture looks like noise of latents, as a decoder paints it.

Numbers of windows of 64 pixels, half over each other, weighed by a table that
``benchmarks/pictures_noise_fit.py`` fits and ``noise_weights.py`` holds.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from asyncproof.images.single.noise_weights import INTERCEPT, WEIGHTS
from asyncproof.images.single.statistics import BLOCK, CELL, Ints, Statistics

Numbers: TypeAlias = npt.NDArray[np.float64]
_PIXELS = BLOCK * BLOCK
_LARGEST = 30.0  # of a logarithm of odds


def likelihood(numbers: dict[str, Numbers]) -> Numbers:
    """Of each window, 0 to 1, by its numbers; 0 where one lies beyond all that noise ever had."""
    odds = np.full(next(iter(numbers.values())).shape, INTERCEPT)
    possible = np.ones(odds.shape, np.bool_)
    for name, (low, high, linear, square) in WEIGHTS.items():
        values = numbers[name]
        possible &= (low <= values) & (values <= high)
        odds += linear * values + square * values * values
    return np.asarray(possible / (1 + np.exp(-np.clip(odds, -_LARGEST, _LARGEST))))


def windows(statistics: Statistics) -> dict[str, Numbers]:
    """The numbers by their names. Brightness and tints count in quarters of the range; of steps,
    spreads and energies it is mostly the logarithm of a ratio."""
    cells = statistics.cells / (CELL * CELL)
    red, green, blue = cells[..., 0], cells[..., 1], cells[..., 2]
    y, tint, tinge = (red + 2 * green + blue) / 4, red - blue, green - (red + blue) / 2

    def mean(values: Numbers) -> Numbers:
        return _mean(values, statistics)

    across, down = _steps(y, 1, 1) ** 2, _steps(y, 1, 0) ** 2
    level = mean(y)
    spread = np.maximum(mean(y * y) - level**2, 1e-6)
    tints, tinges = (np.maximum(mean(v * v) - mean(v) ** 2, 0) for v in (tint, tinge))
    steps = np.maximum(mean(across), 1e-6)
    to_right, to_below = steps / (2 * spread), mean(down) / (2 * spread)
    energy = _blocks(across + down, statistics)
    squares = _four(statistics.block_squares / _PIXELS) / 64  # Y counts four times a level
    pixels = _four(statistics.block_steps) / (4 * _PIXELS) / 16
    channels = np.maximum(_four(statistics.block_channel_steps), 1)
    return {
        "variance": _log(spread, 0.25),
        "brightness": level / 64,
        "across": to_right,
        "down": to_below,
        "two across": mean(_steps(y, 2, 1) ** 2) / (2 * spread),
        "two down": mean(_steps(y, 2, 0) ** 2) / (2 * spread),
        "colour": _log(mean(_steps(tint, 1, 1) ** 2) / steps, 1e-3),
        "fine colour": _log(_four(statistics.block_colour_steps) / channels, 1e-3),
        "detail": _log(np.maximum(squares - level**2, 0) / spread, 0.3),
        "tails": _log(mean(across**2) / steps**2, 1e-3),
        "evenness": 4 * _least(energy) / np.maximum(_four(energy), 1e-6),
        "tints": _log(tints + 1, 1e-3) - _log(spread + 1, 1e-3),
        "tinges": _log(tinges + 0.5, 1e-3) - _log(spread + 1, 1e-3),
        "steps of tint": _both_ways(tint, statistics) / (4 * tints + 1),
        "steps of tinge": _both_ways(tinge, statistics) / (4 * tinges + 1),
        "tint": mean(tint) / 64,
        "tinge": mean(tinge) / 64,
        "fine": _log(pixels + 0.1, 1e-3) - _log(spread + 1, 1e-3),
        "one way": np.abs(_log(to_right, 0.01) - _log(to_below, 0.01)),
    }


def _log(values: Numbers, least: float) -> Numbers:
    return np.asarray(np.log(np.maximum(values, least)))


def _both_ways(values: Numbers, statistics: Statistics) -> Numbers:
    return _mean(_steps(values, 1, 1) ** 2 + _steps(values, 1, 0) ** 2, statistics)


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
