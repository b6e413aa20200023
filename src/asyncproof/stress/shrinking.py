"""From a load that fails to a smaller one that still does, by trying. Pure: the trying comes in.

Chance decides whether a load fails, so a load counts as one that does not only after so many jobs
that the rate seen before would have shown with 95 %. What is found is small, not smallest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from asyncproof.facts.proof import jobs_to_prove

FEWEST, MOST = 10, 20_000  # jobs of one try
REPEATS = 3  # tries of the load that is given, before it counts as one that does not fail
HIGHEST = 0.9  # a rate above this is no matter of chance


@dataclass(frozen=True, slots=True)
class StressLoad:
    """What is made smaller: how many jobs, how many in flight, and whether some have LoRAs."""

    jobs: int
    concurrency: int
    loras: bool = True

    def __str__(self) -> str:
        loras = "" if self.loras else ", without LoRAs"
        return f"{self.jobs} jobs, {self.concurrency} in flight{loras}"


# Sends a load until it fails; how many jobs it took, None where it did not fail.
Try = Callable[[StressLoad], int | None]


@dataclass(frozen=True, slots=True)
class Tried:
    """One try: what was sent, and after how many jobs it failed."""

    load: StressLoad
    failed_after: int | None

    def __str__(self) -> str:
        if self.failed_after is None:
            return f"{self.load}: does not fail"
        return f"{self.load}: fails after {self.failed_after}"


def enough_jobs(failures: int, jobs: int) -> int:
    """How many jobs show a failure with 95 % where so many of so many failed."""
    rate = min(HIGHEST, max(failures, 1) / max(jobs, 1))
    return min(MOST, max(FEWEST, jobs_to_prove(rate)))


def shrunk(given: StressLoad, enough: int, attempt: Try) -> Iterator[Tried]:
    """Every try in turn; the last one that failed has the smaller load. None fails where the load
    that is given does not fail again.

    First fewer in flight: one at a time, which tells a race from a defect of every job, then by
    halving. Then no LoRAs, then fewer jobs.
    """
    start = replace(given, jobs=max(enough, given.concurrency, given.jobs))
    found: Tried | None = None
    for _ in range(REPEATS):
        yield (tried := Tried(start, attempt(start)))
        if tried.failed_after is not None:
            found = tried
            break
    if found is None:
        return
    load = replace(start, jobs=max(enough, given.concurrency))
    for tried in _fewer_in_flight(load, attempt):
        yield tried
        if tried.failed_after is not None:
            load, found = tried.load, tried
    if load.loras:
        without = replace(load, loras=False)
        yield (tried := Tried(without, attempt(without)))
        if tried.failed_after is not None:
            load, found = without, tried
    yield from _fewer_jobs(load, found, attempt)


def _fewer_in_flight(load: StressLoad, attempt: Try) -> Iterator[Tried]:
    """By halving: ``low`` did not fail, ``high`` did."""
    if load.concurrency == 1:
        return
    alone = replace(load, concurrency=1)
    yield (tried := Tried(alone, attempt(alone)))
    low, high = (0, 1) if tried.failed_after is not None else (1, load.concurrency)
    while high - low > 1:
        middle = (low + high) // 2
        smaller = replace(load, concurrency=middle)
        yield (tried := Tried(smaller, attempt(smaller)))
        low, high = (middle, high) if tried.failed_after is None else (low, middle)


def _fewer_jobs(load: StressLoad, found: Tried, attempt: Try) -> Iterator[Tried]:
    """As many as it took, and half of them, for as long as that fails."""
    jobs = max(load.concurrency, found.failed_after or load.jobs)
    while True:
        smaller = replace(load, jobs=jobs)
        yield (tried := Tried(smaller, attempt(smaller)))
        if tried.failed_after is None or jobs <= load.concurrency:
            return
        jobs = max(load.concurrency, jobs // 2)
