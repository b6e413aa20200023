"""The jobs of a stress run: job number n is the same in every run with the same seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from asyncproof.workload.scenario import Job, a_job

MOST_SEEDS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Crowd:
    """Endless jobs, no two of which ask for the same picture. About every other job has a LoRA,
    where there are any, so that engines have to switch while jobs are in flight.

    Jobs are numbered from 1. Of several machines, ``part`` (from 0) sends every ``parts``-th job,
    so that together they send what one would.
    """

    seed: int
    loras: Sequence[str] = ()
    part: int = 0
    parts: int = 1

    def job(self, number: int) -> Job:
        base = random.Random(f"crowd {self.seed}").randrange(MOST_SEEDS)
        chance = random.Random(f"{self.seed} job {number}")
        lora = chance.choice((None, *self.loras)) if chance.random() < self._share else None
        return a_job((base + number) % MOST_SEEDS + 1, lora=lora)

    @property
    def _share(self) -> float:
        """So that half of the jobs have a LoRA, however many there are to choose from."""
        return 0.5 * (1 + 1 / len(self.loras)) if self.loras else 0.0

    def jobs(self, first: int = 1) -> Iterator[tuple[int, Job]]:
        """Jobs with their numbers, from this one on."""
        for number in count(first):
            if number % self.parts == self.part:
                yield number, self.job(number)
