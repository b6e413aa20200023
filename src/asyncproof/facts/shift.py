"""By how much one set of durations is longer than another, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, sqrt

import numpy as np

Z95 = 1.959964  # of the normal distribution, for 95 % between minus and plus
MOST = 1500  # values of each side; more change nothing but the time it takes
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Shift:
    """Seconds that the second set is longer than the first, with a 95 % confidence interval."""

    middle: float
    low: float
    high: float

    @property
    def is_seen(self) -> bool:
        """Whether chance alone hardly explains it: the interval does not contain zero."""
        return self.low > 0 or self.high < 0


def shift(before: Sequence[float], after: Sequence[float]) -> Shift | None:
    """The Hodges-Lehmann estimate: the median of all differences between a value of one set and a
    value of the other, and the interval that belongs to the rank test of Mann and Whitney (its
    normal approximation; Hollander & Wolfe, Nonparametric Statistical Methods, section 4.3).

    No shape of the durations is assumed. None where one side has fewer than FEWEST values.
    """
    one, other = _thinned(before), _thinned(after)
    n, m = len(one), len(other)
    if min(n, m) < FEWEST:
        return None
    differences = np.sort(np.subtract.outer(other, one), axis=None)
    rank = floor(n * m / 2 - Z95 * sqrt(n * m * (n + m + 1) / 12))
    rank = min(max(rank, 1), len(differences))
    return Shift(
        float(np.median(differences)), float(differences[rank - 1]), float(differences[-rank])
    )


def _thinned(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Values in rising order; of very many, evenly chosen ranks."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if len(ordered) <= MOST:
        return ordered
    return ordered[np.linspace(0, len(ordered) - 1, MOST).round().astype(np.int64)]
