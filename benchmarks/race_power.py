"""How many jobs it takes to find a race, by the way in which they are sent.

    python -m benchmarks.race_power [--quick]

A simulated miner with two engines, jobs of which take the same time to 5 %, in this process and
without a clock: a job counts when it is
sent, and a fault is found when the job that has it ends. Faults: by chance, in 1 % and in 0.1 % of
all jobs; whenever more than K jobs are in flight, for several K; and when two jobs end within a
hundredth of a job's time of each other on an engine each, in one case of ten. The ways: one job
after another, the document's bursts of ten again and again, and the shape ``aim`` with at most 64
in flight. Medians of 20 seeds, as the number of jobs; a run that finds nothing counts as its limit.
For chance no way can need fewer than ln 2 / p in the median.
"""

import argparse
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from statistics import median
from typing import Protocol

from asyncproof.workload.aim import Aim
from asyncproof.workload.shapes import Bursts, InFlight, StressShape

SEEDS = 20
ENGINES = 2
MOST = 64
CLOSE = 0.01  # of a job's time
LIMIT = 5_000  # jobs


@dataclass(slots=True)
class Ended:
    """What is known of a job at its end: how many were in flight when it was sent, and how long
    before it another job had ended (of a job's time)."""

    beside: int
    gap: float


class Fault(Protocol):
    def __call__(self, ended: Ended, chance: random.Random) -> bool: ...


def by_chance(rate: float) -> Fault:
    return lambda ended, chance: chance.random() < rate


def above(level: int) -> Fault:
    return lambda ended, chance: ended.beside > level


def close_ends(ended: Ended, chance: random.Random) -> bool:
    return ended.gap < CLOSE and chance.random() < 0.1


def jobs_until_found(shape: StressShape, fault: Fault, seed: int) -> int:
    """How many jobs had been sent when the first one with the fault ended."""
    chance = random.Random(f"{seed} race")
    now, sent, last_end = 0.0, 0, -1.0
    free = [0.0] * ENGINES
    in_flight = list[tuple[float, int]]()
    order = dict[int, int]()
    while sent < LIMIT:
        if shape.wait(now, sent, len(in_flight)) == 0.0:
            sent += 1
            engine = min(range(ENGINES), key=free.__getitem__)
            free[engine] = max(now, free[engine]) + chance.uniform(0.95, 1.05)
            heapq.heappush(in_flight, (free[engine], sent))
            order[sent] = len(in_flight)
            continue
        now, number = heapq.heappop(in_flight)
        ended = Ended(order.pop(number), now - last_end)
        # The same jobs have the fault by chance, in whatever way they are sent.
        if fault(ended, random.Random(f"{seed} job {number}")):
            return sent
        near = ended.gap < 2 * CLOSE
        last_end = now
        if isinstance(shape, Aim):
            shape.ended(near)
    return LIMIT


WAYS: dict[str, Callable[[int], StressShape]] = {
    "one after another": lambda seed: InFlight(((0.0, 1.0),)),
    "bursts of ten": lambda seed: Bursts(10),
    "aim": lambda seed: Aim(MOST, seed),
}
FAULTS: dict[str, Fault] = {
    "chance_1": by_chance(0.01),
    "chance_01": by_chance(0.001),
    **{f"above_{level}": above(level) for level in (4, 8, 16, 32)},
    "close_ends": close_ends,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same; it takes seconds")
    parser.parse_args()
    for name, fault in FAULTS.items():
        found = {
            way: median(jobs_until_found(make(seed), fault, seed) for seed in range(SEEDS))
            for way, make in WAYS.items()
        }
        shown = ", ".join(f"{way} {jobs:.0f}" for way, jobs in found.items())
        print(f"{name}: jobs until found: {shown} (limit {LIMIT})")
        print(f"ratio race_{name}_against_bursts {found['bursts of ten'] / found['aim']:.2f}")
        if name.startswith("chance"):
            least = log(2) / (0.01 if name == "chance_1" else 0.001)
            print(f"ratio race_{name}_against_the_least {found['aim'] / least:.2f}")
    print(f"ratio race_jobs_until_found_1_percent {_found_at_one_percent():.0f}")


def _found_at_one_percent() -> float:
    fault = FAULTS["chance_1"]
    return median(jobs_until_found(Aim(MOST, seed), fault, seed) for seed in range(SEEDS))


if __name__ == "__main__":
    main()
