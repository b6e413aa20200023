"""What damaged latents look like once they were decoded, beside what should be there.

A decoder draws each cell of eight pixels from its latents and what lies around, so damage shows in
the means of the cells: how much of the right content is in them, and what the rest looks like.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from asyncproof.images.pixels import Pixels
from asyncproof.images.region import CELL

Levels: TypeAlias = npt.NDArray[np.float64]
LEAST_CELLS = 4  # across and down
ROUGH = 0.35  # variance of the steps between cells ÷ twice their variance: noise has a half
NOISE_LEVELS = 6.0  # standard deviation of the means of noise
LIKE, ALIKE = 0.25, 0.85  # correlation with the right content
FLAT_LEVELS = 3.0  # deviation of the means where nothing was drawn
# In the middle of 96 pixels of zeros, and of half a picture of them, nine in ten have no more.
FLAT_PLANE, FLAT_STEPS, FLAT_AROUND = 3.5, 4.5, 12.0  # levels
MOST = 0.9  # of the steps between cells
LOW_GAIN, HIGH_GAIN = 0.75, 1.25  # contrast that is another one
# What is left when the tone of the right content is taken out. Set on 60 decoded pictures: so it
# was in eight of ten with noise left, in none of another scale, blurred or sharpened, and in one of
# ten blended with another picture.
STILL_ALIKE = 0.7  # correlation with the right content
NOISE_GAIN = (0.55, 1.01)  # less is another scale, more is too
LEAST_REST = 0.5  # levels
REST_ROUGH = (0.12, 0.75)  # of another picture it is smoother, of blur and of what moved rougher
FINE_ROUGH = 0.38  # of what is finer than five cells
FINE_SHARE = 0.87  # of the deviation that this may be; blur has nothing else
FINE_LEVELS, LEAST_FINE = 4.0, 0.6  # of noise in the middle of a part, and the share of it
FEW_PEAKS = 40  # fourth power ÷ squared square; single edges have more
EVEN_PEAKS = 3.6  # normal noise has 3: that need not be soft
MANY_CELLS = 100  # to fit a curve of tone to; fewer get a straight line
NEARBY = 5  # cells
A_TRACE = 0.15  # of another content, beside that which a part shows
LEAST_FIRST, MOST_FIRST = 0.4, 1.8  # contrast that a decoder may give it
UNEXPLAINED = 0.15  # of its variance
SAME_PLACE = 0.9  # correlation of pixels that are the same
LEAST_SHARE = 0.1  # of noise that is told


@dataclass(frozen=True, slots=True)
class Makeup:
    """``gain``: of the right content; ``alike``: the correlation with it; ``rough`` and ``spread``:
    of the cells themselves; ``rest``: of what no curve of tone explains, channel by channel;
    ``noise_inside``: the middle is noise."""

    gain: float
    alike: float
    rough: float
    spread: float
    rest: "Rest"
    noise_inside: bool

    @property
    def is_noise(self) -> bool:
        rough = self.noise_inside or (self.rough > ROUGH and self.spread > NOISE_LEVELS)
        return rough and abs(self.alike) < ALIKE - LIKE

    @property
    def is_flat(self) -> bool:
        return self.spread < FLAT_LEVELS and abs(self.gain) < LIKE

    @property
    def is_like(self) -> bool:
        """Whether it shows the right content, if in another tone."""
        return self.alike > ALIKE

    @property
    def noise_left(self) -> float:
        """The share of noise in the right content; 0 where it is none."""
        low, high = NOISE_GAIN
        if not (low < self.gain < high and self.alike > STILL_ALIKE and self.rest.is_noise):
            return 0.0
        return float(np.sqrt(max(1 - self.gain**2, LEAST_SHARE**2)))

    @property
    def contrast(self) -> float:
        """Times that of the right content; 1 where it is not another one."""
        other = self.alike > ALIKE and not LOW_GAIN < self.gain < HIGH_GAIN
        return self.gain if other and not self.noise_left else 1.0


def is_nearly_flat(here: Pixels) -> bool:
    """Whether the middle is a plane without steps, and most of the rest has its colour: a decoder
    smears what lies around into what it paints of nothing."""
    cells = _cells(here)
    middle = _middle(cells)
    if min(middle.shape[:2]) < LEAST_CELLS:
        return False
    steps = [np.quantile(np.abs(np.diff(middle, axis=axis)).max(axis=2), MOST) for axis in (0, 1)]
    colour = np.median(middle, axis=(0, 1))
    apart = float(np.median(np.abs(cells - colour).max(axis=2)))
    calm = max(steps) < FLAT_STEPS and apart < FLAT_AROUND
    return bool(calm) and _beyond_plane(middle) < FLAT_PLANE


def _middle(cells: Levels) -> Levels:
    """Without a quarter at each side."""
    rows, columns = (side // 4 for side in cells.shape[:2])
    return cells[rows : cells.shape[0] - rows, columns : cells.shape[1] - columns]


def _is_noise(cells: Levels) -> bool:
    """Whether the middle of a part is noise, whatever shade lies over it; of a large part, that of
    each quarter: the petals of a flower are as rough, what lies around them is not."""
    rows, columns = (side // 2 for side in cells.shape[:2])
    if min(rows, columns) < 2 * LEAST_CELLS:
        return _is_noise_inside(cells)
    halves = cells[:rows], cells[rows:]
    quarters = (part for half in halves for part in (half[:, :columns], half[:, columns:]))
    return all(map(_is_noise_inside, quarters))


def _is_noise_inside(cells: Levels) -> bool:
    middle = _middle(cells)
    if min(middle.shape) < LEAST_CELLS:
        return False
    fine = middle - _smooth(middle)
    share = float(fine.std()) / (float(middle.std()) + 0.05)
    return float(fine.std()) > FINE_LEVELS and _rough(fine) > FINE_ROUGH and share > LEAST_FINE


def _beyond_plane(cells: Levels) -> float:
    """The deviation of the worst channel from the plane that fits best."""
    row, column = (axis.ravel() for axis in np.indices(cells.shape[:2]))
    basis = np.linalg.qr(np.stack([np.ones(row.size), row, column], axis=1))[0]
    levels = cells.reshape(-1, cells.shape[2])
    return float((levels - basis @ (basis.T @ levels)).std(axis=0).max())


@dataclass(frozen=True, slots=True)
class Rest:
    """``levels``: its deviation; ``rough``: as of cells; ``fine``: the share that is finer than
    ``NEARBY`` cells, and ``fine_rough`` how rough that is; ``peaks``: how much of it is in few."""

    levels: float
    rough: float
    fine: float
    fine_rough: float
    peaks: float

    @property
    def is_noise(self) -> bool:
        strong = self.levels > LEAST_REST and self.peaks < FEW_PEAKS
        rough = self.rough > REST_ROUGH[0] and self.fine_rough > FINE_ROUGH
        soft = self.rough < REST_ROUGH[1] and self.fine < FINE_SHARE
        return strong and rough and (soft or self.peaks < EVEN_PEAKS)


def makeup(here: Pixels, there: Pixels) -> Makeup | None:
    """None where there are too few cells to tell."""
    cells, right = _cells(here), _cells(there)
    if min(cells.shape[:2]) < LEAST_CELLS:
        return None
    ours, its = cells.mean(axis=2), right.mean(axis=2)
    our, its = ours - ours.mean(), its - its.mean()
    energy = float((its**2).sum())
    gain = float((our * its).sum()) / max(energy, float(its.size))
    alike = float((our * its).sum()) / max(float(np.sqrt((our**2).sum() * energy)), 1.0)
    return Makeup(gain, alike, _rough(our), float(our.std()), _rest(cells, right), _is_noise(ours))


def _rest(cells: Levels, right: Levels) -> Rest:
    degree = 3 if right.shape[0] * right.shape[1] >= MANY_CELLS else 1
    rest = np.mean([_beyond_curve(cells[..., c], right[..., c], degree) for c in range(3)], axis=0)
    fine = rest - _smooth(rest)
    variance = float((fine**2).mean())
    peaks = float((fine**4).mean()) / max(variance**2, 1e-6)
    share = float(fine.std()) / (float(rest.std()) + 0.05)
    return Rest(float(rest.std()), _rough(rest), share, _rough(fine), peaks)


def _beyond_curve(cells: Levels, right: Levels, degree: int) -> Levels:
    """What a polynomial of the right levels leaves unexplained."""
    powers = np.vander(right.ravel() / 128 - 1, degree + 1)
    basis = np.linalg.qr(powers)[0]
    levels = cells.ravel()
    return np.asarray((levels - basis @ (basis.T @ levels)).reshape(cells.shape))


def _smooth(cells: Levels) -> Levels:
    """The means of squares of ``NEARBY`` cells around each."""
    padded = np.pad(cells, NEARBY // 2, mode="reflect")
    return _sums(padded, NEARBY, NEARBY) / NEARBY**2


def _rough(cells: Levels) -> float:
    steps = min(float(np.diff(cells, axis=axis).var()) for axis in (0, 1))
    return steps / (2 * float(cells.var()) + 0.02)


def _cells(pixels: Pixels) -> Levels:
    """The means of whole cells, channel by channel."""
    rows, columns = pixels.shape[0] // CELL, pixels.shape[1] // CELL
    whole = pixels[: rows * CELL, : columns * CELL, :3].reshape(rows, CELL, columns, CELL, 3)
    means: Levels = whole.mean(axis=(1, 3))
    return means


@dataclass(frozen=True, slots=True)
class Mixture:
    """How much of two contents is in a third, and the share of it that neither explains."""

    first: float
    second: float
    rest: float

    @property
    def is_the_first_alone(self) -> bool:
        alone = abs(self.second) < A_TRACE * self.first
        return alone and LEAST_FIRST < self.first < MOST_FIRST and self.rest < UNEXPLAINED


def mixture(here: Pixels, first: Pixels, second: Pixels) -> Mixture | None:
    """By least squares, whatever the tones. None where there is too little to tell: too few cells,
    or hardly anything in the first."""
    if min(here.shape[:2]) < LEAST_CELLS * CELL:
        return None
    ours, one, two = (_around_zero(pixels) for pixels in (here, first, second))
    if float(one @ one) < FLAT_LEVELS**2 * one.size:
        return None
    energy = np.array([[one @ one, one @ two], [one @ two, two @ two + two.size]])
    weights = np.linalg.solve(energy, np.array([one @ ours, two @ ours]))
    rest = ours - weights[0] * one - weights[1] * two
    unexplained = float(rest @ rest) / max(float(ours @ ours), 1.0)
    return Mixture(float(weights[0]), float(weights[1]), unexplained)


def _around_zero(pixels: Pixels) -> Levels:
    """Each channel less its mean, as one line."""
    levels = pixels[:, :, :3].astype(np.float64)
    return np.asarray((levels - levels.mean(axis=(0, 1))).ravel())


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


def _sums(values: Levels, height: int, width: int) -> Levels:
    """Of every rectangle of this size."""
    total = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sums: Levels = (
        total[height:, width:]
        - total[:-height, width:]
        - total[height:, :-width]
        + total[:-height, :-width]
    )
    return sums
