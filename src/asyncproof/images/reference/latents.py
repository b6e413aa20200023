"""What damaged latents look like once they were decoded, beside what should be there.

A decoder draws each cell of eight pixels from its latents and what lies around, so damage shows in
the means of the cells: how much of the right content is in them, and what the rest looks like.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asyncproof.images.pixels import Pixels
from asyncproof.images.region import CELL

LEAST_CELLS = 4  # across and down
ROUGH = 0.35  # variance of the steps between cells ÷ twice their variance: noise has a half
NOISE_LEVELS = 6.0  # standard deviation of the means of noise
NOISE_A_SHARE = 7.0  # levels that the rest deviates by, for a picture that is all noise
LEAST_ROUGH = 0.3  # of noise over content of its own; that of another style is smoother
LIKE, HALF_LIKE, ALIKE = 0.25, 0.5, 0.85  # correlation with the right content
FLAT_LEVELS = 3.0  # deviation of the means where nothing was drawn
SAME_PLACE = 0.9  # correlation of pixels that are the same
MOST_GAIN = 0.88  # of the right content in what still holds noise
LOW_GAIN, HIGH_GAIN = 0.75, 1.25  # contrast that is another one


@dataclass(frozen=True, slots=True)
class Makeup:
    """``gain``: of the right content; ``alike``: the correlation with it; ``rest``: the deviation
    of what it does not explain, in levels, and ``rest_rough`` how much of it changes from cell to
    cell; ``rough`` and ``spread``: of the cells themselves."""

    gain: float
    alike: float
    rest: float
    rest_rough: float
    rough: float
    spread: float

    @property
    def is_noise(self) -> bool:
        return self.rough > ROUGH and self.spread > NOISE_LEVELS and abs(self.alike) < ALIKE - LIKE

    @property
    def is_flat(self) -> bool:
        return self.spread < FLAT_LEVELS and abs(self.gain) < LIKE

    @property
    def noise_left(self) -> float:
        """The share of noise in the right content; 0 where it is none."""
        noisy = self.rest > NOISE_A_SHARE * (1 - self.gain) and self.rest_rough > LEAST_ROUGH
        like = self.alike > (LIKE if self.rest_rough > ROUGH else HALF_LIKE)
        return 1 - self.gain if noisy and like and 0 < self.gain < MOST_GAIN else 0.0

    @property
    def contrast(self) -> float:
        """Times that of the right content; 1 where it is not another one."""
        other = self.alike > ALIKE and not LOW_GAIN < self.gain < HIGH_GAIN
        return self.gain if other and not self.noise_left else 1.0


def makeup(here: Pixels, there: Pixels) -> Makeup | None:
    """None where there are too few cells to tell."""
    ours, its = _lightness(here), _lightness(there)
    if min(ours.shape) < LEAST_CELLS:
        return None
    our, its = ours - ours.mean(), its - its.mean()
    energy = float((its**2).sum())
    gain = float((our * its).sum()) / max(energy, float(its.size))
    alike = float((our * its).sum()) / max(float(np.sqrt((our**2).sum() * energy)), 1.0)
    rest = our - gain * its
    return Makeup(gain, alike, float(rest.std()), _rough(rest), _rough(our), float(our.std()))


def _rough(cells: npt.NDArray[np.float64]) -> float:
    steps = min(float(np.diff(cells, axis=axis).var()) for axis in (0, 1))
    return steps / (2 * float(cells.var()) + 0.05)


def _lightness(pixels: Pixels) -> npt.NDArray[np.float64]:
    rows, columns = pixels.shape[0] // CELL, pixels.shape[1] // CELL
    whole = pixels[: rows * CELL, : columns * CELL, :3].reshape(rows, CELL, columns, CELL, 3)
    means: npt.NDArray[np.float64] = whole.mean(axis=(1, 3, 4))
    return means


def place_of(part: Pixels, whole: Pixels) -> tuple[int, int] | None:
    """The row and column of ``whole`` where ``part`` comes from, whatever its tone."""
    small, large = part[:, :, :3].mean(axis=2), whole[:, :, :3].mean(axis=2)
    small = small - small.mean()
    height, width = small.shape
    rows, columns = large.shape[0] - height + 1, large.shape[1] - width + 1
    spread = float((small**2).sum())
    if spread < small.size:  # nothing in it that could be found again
        return None
    shape = large.shape
    product = np.fft.rfft2(large) * np.conj(np.fft.rfft2(small, shape))
    fits = np.fft.irfft2(product, shape)[:rows, :columns]
    energy = _sums(large**2, height, width) - _sums(large, height, width) ** 2 / small.size
    score = fits / np.sqrt(np.maximum(energy, small.size) * spread)
    best = int(np.argmax(score))
    top, left = divmod(best, columns)
    return (top, left) if score[top, left] > SAME_PLACE else None


def _sums(values: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.float64]:
    """Of every rectangle of this size."""
    total = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sums: npt.NDArray[np.float64] = (
        total[height:, width:]
        - total[:-height, width:]
        - total[height:, :-width]
        + total[:-height, :-width]
    )
    return sums
