"""What is measured of one picture, so that many can be judged together without their pixels.

Nothing here is a verdict: one picture may be grey, flat, or made of squares.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from asyncproof.images.pixels import Pixels

Values: TypeAlias = npt.NDArray[np.floating[Any]]

CROP = 512  # pixels of the side that is looked at closely, in the middle
LEAST_SIDE = 64  # of a picture that can be measured
CELL = 8  # pixels of the grid of encoders and of latents
SQUARE = 16  # pixels of the squares in which grain is measured
QUIET = 5.0  # percent of the squares that are the quietest
JUMP, STILL = 208, 64  # levels of a channel that wrapped, and at most of the others
FAR_FROM_BLACK = 96  # levels of another channel that say that a zero is no darkness
ROUNDING = 1 / 12  # variance of what rounding to whole levels adds
BANDS = ((0.02, 0.05), (0.05, 0.09), (0.09, 0.125), (0.15, 0.22), (0.35, 0.5))
"""Cycles a pixel along the faster axis: each edge but the first lies clear of what 8, 4 and 2 times
enlarged pictures end at (1/16, 1/8, 1/4)."""
SHIFTS = range(-4, 5)
FITS = 0.9  # of the difference to the row above, where a shifted row fits better
MOST_LINES = 12
LINE_STANDS_OUT = 1.35  # times the jumps of the lines around
EQUAL, NOT_EQUAL = 0.995, 0.9  # shares of equal neighbours within squares, and across their borders


@dataclass(frozen=True, slots=True)
class Measures:
    """Levels are of 255, shares from 0 to 1.

    ``low`` and ``high`` hold all but a thousandth of the samples; ``black`` and ``white`` are the
    shares of samples at the ends; ``clipped`` of pixels with a channel at zero and another one
    bright; ``wrapped`` of neighbours where one channel alone jumps from end to end. ``used`` is the
    share of the levels between low and high that occur, ``colours`` how many colours occur.
    ``light``, ``chroma``, ``red_blue`` and ``green`` are means: of the brightness, of the widest
    difference of channels, of red less blue, of green less the brighter of these; ``skin`` is red
    less blue in the middle; ``fall`` the brightness of the upper part less that of the lower one.
    ``bands`` are powers by ``BANDS``, 1 being what rounding adds. ``blocks`` is how much farther
    levels jump at the borders of squares of eight than within, ``squares`` the side of squares of
    equal pixels that all of it is made of, ``grain`` the deviation of the noise where it is
    quietest, ``lattice`` the amplitude of a pattern that repeats every eight pixels and ``chance``
    what accident gives; ``sheared`` how many pixels each row fits further along the one above;
    ``thirds`` how alike its thirds are, both ways. ``rows`` and ``columns`` are the lines where it
    jumps most, beside the lines around.
    """

    low: float
    high: float
    black: float
    white: float
    clipped: float
    wrapped: float
    used: float
    colours: int
    light: float
    chroma: float
    red_blue: float
    green: float
    skin: float
    fall: float
    bands: tuple[float, ...]
    blocks: float
    squares: int
    grain: float
    lattice: float
    chance: float
    sheared: int
    thirds: float
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    def as_fields(self) -> dict[str, Any]:
        """To be written into a history."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "Measures":
        """As it was written."""
        values: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in fields.items()
        }
        return cls(**values)


def measure(pixels: Pixels) -> Measures | None:
    """The measures of a picture; transparency is not looked at. None if it is too small."""
    pixels = pixels[..., :3]
    height, width = pixels.shape[:2]
    if min(height, width) < LEAST_SIDE:
        return None
    near = _middle(pixels)
    grey = near.mean(axis=2, dtype=np.float32)
    counts = np.bincount(pixels.ravel(), minlength=256)
    below = np.cumsum(counts) / pixels.size
    low, high = (int(np.searchsorted(below, share)) for share in (0.001, 0.999))
    lattice, chance = _lattice(grey)
    samples = pixels[:: max(1, height // 256), :: max(1, width // 256)].astype(np.float32)
    tone = samples.mean(axis=2)
    part = len(samples) * 3 // 10
    inside = samples[len(samples) * 2 // 5 : len(samples) * 3 // 4]
    inside = inside[:, samples.shape[1] * 2 // 5 : samples.shape[1] * 3 // 5]
    return Measures(
        low=low,
        high=high,
        black=float(counts[0] / pixels.size),
        white=float(counts[255] / pixels.size),
        clipped=float(((near.min(axis=2) == 0) & (near.max(axis=2) >= FAR_FROM_BLACK)).mean()),
        wrapped=_wrapped(near),
        used=_used(near),
        colours=_colours(near),
        light=float(tone.mean()),
        chroma=float((samples.max(axis=2) - samples.min(axis=2)).mean()),
        red_blue=float((samples[..., 0] - samples[..., 2]).mean()),
        green=float((samples[..., 1] - samples[..., ::2].max(axis=2)).mean()),
        skin=float((inside[..., 0] - inside[..., 2]).mean()),
        fall=float(tone[:part].mean() - tone[-part:].mean()),
        bands=_bands(grey),
        blocks=_blocks(grey),
        squares=_squares(near),
        grain=_grain(grey),
        lattice=lattice,
        chance=chance,
        sheared=_sheared(grey),
        thirds=_thirds(tone),
        rows=_lines(pixels),
        columns=_lines(pixels.swapaxes(0, 1)),
    )


def _middle(pixels: Pixels) -> Pixels:
    """At most ``CROP`` pixels a side, whole cells, beginning at a border of tiles."""
    shape = pixels.shape[:2]
    sides = [min(CROP, side) // CELL * CELL for side in shape]
    top, left = (
        (side - part) // 2 // 64 * 64 for side, part in zip(pixels.shape, sides, strict=False)
    )
    return pixels[top : top + sides[0], left : left + sides[1]]


def _wrapped(pixels: Pixels) -> float:
    steps = np.abs(np.diff(pixels.astype(np.int16), axis=1))
    far = steps >= JUMP
    return float(((far.sum(axis=2) == 1) & (np.median(steps, axis=2) < STILL)).mean())


def _used(pixels: Pixels) -> float:
    """The share of levels that occur, of the channel that uses most."""
    shares = []
    for channel in range(3):
        counts = np.bincount(pixels[..., channel].ravel(), minlength=256)
        seen = np.flatnonzero(counts > counts.sum() * 2e-5)
        shares.append(len(seen) / (seen[-1] - seen[0] + 1) if len(seen) > 1 else 0.0)
    return float(max(shares))


def _colours(pixels: Pixels) -> int:
    packed = pixels.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
    return len(np.unique(packed))


def _bands(grey: Values) -> tuple[float, ...]:
    """Power in each band in units of what rounding adds, of the picture in a Hann window."""
    rows, columns = (np.hanning(side)[:, None] for side in grey.shape)
    window = rows * columns.T
    power = np.abs(np.fft.rfft2((grey - grey.mean()) * window)) ** 2 / (window**2).sum()
    across = np.fft.rfftfreq(grey.shape[1])[None, :]
    away = np.maximum(np.abs(np.fft.fftfreq(grey.shape[0]))[:, None], across)
    # Grey is a mean of three channels, each rounded for itself.
    return tuple(
        float(power[(away > low) & (away <= high)].mean() / (ROUNDING / 3)) for low, high in BANDS
    )


def _blocks(grey: Values) -> float:
    found = []
    for axis in (0, 1):
        steps = np.abs(np.diff(grey, axis=axis)).mean(axis=1 - axis)
        border = steps[CELL - 1 :: CELL].mean()
        around = np.concatenate([steps[CELL // 2 - 1 :: CELL], steps[CELL // 2 :: CELL]]).mean()
        found.append((border + 0.05) / (around + 0.05))
    return float(min(found))


def _squares(pixels: Pixels) -> int:
    for side in (8, 4, 2):
        if all(_made_of(pixels.swapaxes(0, axis), side) for axis in (0, 1)):
            return side
    return 1


def _made_of(pixels: Pixels, side: int) -> bool:
    same = (pixels[1:] == pixels[:-1]).all(axis=2).mean(axis=1)
    across = same[side - 1 :: side]
    within = np.delete(same, np.s_[side - 1 :: side])
    return bool(within.mean() >= EQUAL and across.mean() <= NOT_EQUAL)


def _grain(grey: Values) -> float:
    """Noise in the quietest squares; the mask takes out what a plane or an edge adds (Immerkaer
    1996, Fast noise variance estimation)."""
    second = grey[2:] - 2 * grey[1:-1] + grey[:-2]
    mask = np.abs(second[:, 2:] - 2 * second[:, 1:-1] + second[:, :-2]) / 6
    rows, columns = (side // SQUARE * SQUARE for side in mask.shape)
    squares = mask[:rows, :columns].reshape(rows // SQUARE, SQUARE, columns // SQUARE, SQUARE)
    # A mean of three channels with noise of their own has less by the root of three.
    means = squares.mean(axis=(1, 3)) * np.sqrt(np.pi / 2) * np.sqrt(3)
    return float(np.percentile(means, QUIET))


def _lattice(grey: Values) -> tuple[float, float]:
    """The pattern that repeats every ``CELL`` pixels, in levels, and what accident gives."""
    fine = (
        grey[1:-1, 1:-1] - (grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]) / 4
    )
    fine = np.clip(fine, -8, 8)
    rows, columns = (side // CELL for side in fine.shape)
    cells = fine[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    pattern = cells.mean(axis=(0, 2))
    return float((pattern - pattern.mean()).std()), float(fine.std() / np.sqrt(rows * columns))


def _sheared(grey: Values) -> int:
    """The shift at which each row is most like the one above it."""
    far = SHIFTS[-1]
    inner = grey[1:, far:-far]
    errors = [
        float(np.abs(inner - grey[:-1, far - s : grey.shape[1] - far - s]).mean()) for s in SHIFTS
    ]
    best = int(np.argmin(errors))
    return SHIFTS[best] if errors[best] < FITS * errors[far] else 0


def _thirds(tone: Values) -> float:
    """How alike left, middle and right are, and top, middle and bottom: the least correlation."""
    least = 1.0
    for turned in (tone, tone.T):
        wide = turned.shape[1] // 3
        parts = [turned[:, third * wide : (third + 1) * wide].ravel() for third in range(3)]
        if min(part.std() for part in parts) < 1:
            return 0.0
        least = min(least, float(np.corrcoef(parts).min()))
    return least


def _lines(pixels: Pixels) -> tuple[int, ...]:
    """The lines before which the picture jumps much farther than around, along most of them."""
    grey = pixels.mean(axis=2, dtype=np.float32)
    steps = np.sqrt(np.abs(np.diff(grey, axis=0))).mean(axis=1)  # the root: no single edge counts
    around = np.stack([np.roll(steps, shift) for shift in (-3, -2, 2, 3)])
    ratio = (steps + 0.05) / (around.max(axis=0) + 0.05)
    ratio[:4] = ratio[-4:] = 0
    strongest = np.argsort(ratio)[::-1][:MOST_LINES]
    return tuple(sorted(int(line) + 1 for line in strongest if ratio[line] >= LINE_STANDS_OUT))
