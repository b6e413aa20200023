"""Percentiles of any number of values in constant memory.

Values are counted in buckets whose borders grow by a constant factor, so that a percentile is off
by 1 % of itself at most (the idea of DDSketch: Masson, Rim and Lee, VLDB 2019). Sketches of several
processes add up to that of all values.
"""

from dataclasses import dataclass, field
from math import ceil, log

ACCURACY = 0.01
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
SMALLEST = 1e-6  # seconds; what is less counts as this
_LOG_GAMMA = log(GAMMA)


@dataclass(slots=True)
class Sketch:
    """Counts of values (seconds) by bucket; ``largest`` is exact."""

    counts: dict[int, int] = field(default_factory=dict)
    count: int = 0
    largest: float = 0.0

    def add(self, value: float) -> None:
        bucket = ceil(log(max(value, SMALLEST)) / _LOG_GAMMA)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.count += 1
        self.largest = max(self.largest, value)

    def merge(self, other: "Sketch") -> None:
        """Add the values of another sketch."""
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.count += other.count
        self.largest = max(self.largest, other.largest)

    def percentile(self, percent: float) -> float:
        """The nearest-rank percentile, to 1 %; 0 where there are no values."""
        rank, seen = max(1, ceil(self.count * percent / 100)), 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= rank:
                return min(self.largest, 2 * GAMMA**bucket / (GAMMA + 1))
        return 0.0
