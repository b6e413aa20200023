"""200 miners that are slow, bursty, or take turns, and none of their jobs is given up early; the
same miners with one job that hangs, which is.

A simulated clock, and the same rules as the driver's: polls twice a second, the budget learned from
the steps of all jobs so far.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import pytest

from asyncproof.liveness.clocks import Budgets, Clocks
from asyncproof.liveness.step_times import StepTimes

USUAL = Budgets(silence=60.0, step=600.0, total=24 * 3600.0, process=3600.0, first_step=600.0)
POLL, STEPS, JOBS = 0.5, 20, 8
KIND = ((1024, 1024), STEPS, None)
Times = Callable[[Random], Iterator[float]]
"""How long the first step of a job takes, and each further one, in seconds."""


def steady(chance: Random) -> Iterator[float]:
    """From a tenth of a second to half a minute for a step, the first a little longer."""
    usual = 10 ** chance.uniform(-1, 1.5)
    while True:
        yield usual * chance.uniform(1, 3)
        for _ in range(STEPS - 1):
            yield usual * chance.uniform(0.9, 1.1)


def uneven(chance: Random) -> Iterator[float]:
    """Most steps are short and a few are many times as long."""
    usual = 10 ** chance.uniform(-1, 0)
    while True:
        yield min(18.0, usual * chance.lognormvariate(0, 1))


def bursty(chance: Random) -> Iterator[float]:
    """The percentage stands still, then rises by several steps in one go."""
    together, usual = chance.randrange(2, 7), 10 ** chance.uniform(-1, 0.5)
    step = 0
    while True:
        step += 1
        yield 0.0 if step % together else usual * together


def by_turns(chance: Random) -> Iterator[float]:
    """Each job is put aside for a whole other one, once, soon or late."""
    usual = 10 ** chance.uniform(-1, 0)
    aside = chance.randrange(1, STEPS)
    while True:
        for step in range(STEPS):
            yield usual * (STEPS if step == aside else 1)


def with_pauses(chance: Random) -> Iterator[float]:
    """Now and then something else has the device for up to 19 s."""
    usual = 10 ** chance.uniform(-1, 1)
    while True:
        yield usual + (chance.uniform(5, 19) if chance.random() < 0.03 else 0.0)


KINDS: tuple[Times, ...] = (steady, uneven, bursty, by_turns, with_pauses)


@dataclass(frozen=True)
class Miner:
    """One job after another; with ``hangs``, that job stops for good halfway."""

    times: Times
    seed: int
    hangs: int | None = None

    def given_up(self) -> list[int]:
        """The jobs that were given up."""
        steps, learned = self.times(Random(self.seed)), StepTimes()
        at, found = 0.0, list[int]()
        for job in range(JOBS):
            due, ends = at, list[float]()
            for _ in range(STEPS):
                due += next(steps)
                ends.append(due)
            if job == self.hangs:
                ends = ends[: STEPS // 2]
            at, hung = self._watched(learned, at, ends)
            if hung:
                learned.stalled()
                found.append(job)
        return found

    def _watched(self, learned: StepTimes, at: float, ends: list[float]) -> tuple[float, bool]:
        """Poll one job whose steps end at these times, until it ends or is given up."""
        clocks = Clocks.started(at)
        while True:
            at += POLL
            done = sum(end <= at for end in ends)
            status = "completed" if done == STEPS else "processing"
            later = clocks.heard_at(at, status, 100 * done / STEPS)
            learned.saw(KIND, STEPS, clocks, later)
            clocks = later
            if status == "completed":
                return at, False
            if clocks.life(at, learned.budgets(KIND, USUAL, clocks)).hung:
                return at, True


@pytest.mark.parametrize("times", KINDS, ids=lambda times: times.__name__)
def test_no_job_of_a_sound_miner_is_given_up(times: Times) -> None:
    """40 miners of each kind: 200 in all."""
    assert [seed for seed in range(40) if Miner(times, seed).given_up()] == []


@pytest.mark.parametrize("times", KINDS, ids=lambda times: times.__name__)
def test_a_job_that_hangs_on_the_same_miners_is_given_up(times: Times) -> None:
    missed = [seed for seed in range(40) if Miner(times, seed, hangs=4).given_up() != [4]]
    assert missed == []
