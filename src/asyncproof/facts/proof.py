"""What a number of jobs proves about how often a defect shows.

The bounds are the exact ones of Clopper and Pearson (Biometrika 26, 1934, 404-413): the largest and
the smallest rate at which so few or so many failures are no rarer than the level of confidence
allows. With no failure in n jobs the upper bound is about 3 / n at 95 %, the "rule of three"
(Hanley and Lippman-Hand, JAMA 249, 1983, 1743-1745). They hold for jobs that fail independently of
each other under the load that was there, and for no other load.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp, lgamma, log, log1p

CONFIDENCE = 0.95
HALVINGS = 60  # of the interval from 0 to 1: more than a float can tell apart


def upper_bound(failures: int, jobs: int, confidence: float = CONFIDENCE) -> float:
    """The highest rate that is still credible, one-sided; 1 where there were no jobs."""
    if failures >= jobs:
        return 1.0
    if failures == 0:
        return float(1.0 - (1.0 - confidence) ** (1.0 / jobs))
    return _root(lambda rate: _at_most(failures, jobs, rate) > 1.0 - confidence)


def lower_bound(failures: int, jobs: int, confidence: float = CONFIDENCE) -> float:
    """The lowest rate that is still credible, one-sided; 0 where nothing failed."""
    if failures <= 0:
        return 0.0
    return _root(lambda rate: 1.0 - _at_most(failures - 1, jobs, rate) < 1.0 - confidence)


def jobs_to_prove(rate: float, confidence: float = CONFIDENCE) -> int:
    """How many jobs without a failure put the bound at or below this rate (0 < rate < 1)."""
    return ceil(log(1.0 - confidence) / log1p(-rate))


@dataclass(frozen=True, slots=True)
class Proof:
    """What a run exercised: ``failures`` of ``jobs``, the most in flight at once, and how many jobs
    were in flight beside one with another LoRA."""

    jobs: int
    failures: int
    overlap: int
    lora_switches: int = 0

    def __str__(self) -> str:
        overlap = f"overlap reached {self.overlap}"
        return f"{self._rate()}; {overlap}; LoRA switches in flight {self.lora_switches}"

    def _rate(self) -> str:
        if not self.jobs:
            return "0 of 0: no job was judged, so nothing is proven"
        high = upper_bound(self.failures, self.jobs)
        if not self.failures:
            return f"0 of {self.jobs}: below {_percent(high)} % at 95 %"
        low = lower_bound(self.failures, self.jobs)
        return (
            f"{self.failures} of {self.jobs}: above {_percent(low)} % and below "
            f"{_percent(high)} %, each at 95 %"
        )


def _percent(rate: float) -> str:
    return f"{100 * rate:.2g}" if rate < 0.995 else f"{100 * rate:.0f}"


def _at_most(failures: int, jobs: int, rate: float) -> float:
    """The chance of at most so many failures, from the terms of the binomial distribution."""
    if rate <= 0.0 or rate >= 1.0:
        return float(rate <= 0.0)
    ways = lgamma(jobs + 1)
    fails, holds = log(rate), log1p(-rate)
    terms = (
        ways - lgamma(k + 1) - lgamma(jobs - k + 1) + k * fails + (jobs - k) * holds
        for k in range(failures + 1)
    )
    return min(1.0, sum(map(exp, terms)))


def _root(lies_higher: Callable[[float], bool]) -> float:
    """The rate at which the answer changes from yes to no."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if lies_higher(middle) else (low, middle)
    return high
