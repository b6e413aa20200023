"""Which jobs of a live miner hang. Pure: what was seen and when comes in, findings go out.

It remembers jobs in flight only, so it can run for days.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import inf

from tests.e2e.async_inference.diagnosis import Diagnosis, Life
from tests.e2e.async_inference.liveness import Budgets, Clocks
from tests.e2e.async_inference.protocol import TERMINAL, Listed
from tests.harness.history import Event


class Found(Event, frozen=True):
    """One line of ``--jsonl``: what was found of a job. ``wall`` is the Unix time of ``at``."""

    wall: float
    job_id: str
    diagnosis: Diagnosis
    line: str
    model: str = ""


@dataclass(slots=True)
class Watched:
    """A job in flight, and what was last told of it."""

    job_id: str
    model: str
    clocks: Clocks
    told: Life = Life.FINE


class Watch:
    """The jobs in flight of one miner; it counts jobs ``seen`` and ``ended``, and what it found."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self._jobs: dict[str, Watched] = {}
        self._worked = -inf
        self.seen = self.ended = 0
        self.found: Counter[Life] = Counter()

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    @property
    def stalls(self) -> int:
        """How many hangs were found; slow jobs are not hung."""
        return sum(count for life, count in self.found.items() if life.hung)

    def saw(self, at: float, job: Listed) -> None:
        """A readable answer about a job. One that had ended when it was first seen is left out."""
        if job.status in TERMINAL:
            self.gone(at, job.job_id)
            return
        watched = self._jobs.get(job.job_id)
        if watched is None:
            watched = Watched(job.job_id, job.model, Clocks.started(at))
            self._jobs[job.job_id] = watched
            self.seen += 1
        watched.clocks = watched.clocks.heard_at(at, job.status, job.progress)
        self._worked = max(self._worked, watched.clocks.miner_worked)

    def gone(self, at: float, job_id: str) -> None:
        """The job has ended; it is forgotten."""
        if self._jobs.pop(job_id, None) is not None:
            self.ended += 1
            self._worked = max(self._worked, at)

    def keep_only(self, at: float, listed: Collection[str]) -> None:
        """A whole list of the miner's jobs came: those that are not in it have ended."""
        for job_id in self._jobs.keys() - listed:
            self.gone(at, job_id)

    def diagnoses(self, at: float) -> Iterator[tuple[Watched, Diagnosis]]:
        """The state of every job in flight."""
        for watched in self._jobs.values():
            yield watched, watched.clocks.diagnose(at, self._budgets, self._worked)

    def news(self, at: float) -> Iterator[tuple[Watched, Diagnosis]]:
        """What has to be told now: each trouble once, and that a job moves again."""
        for watched, diagnosis in self.diagnoses(at):
            if diagnosis.life is watched.told:
                continue
            watched.told = diagnosis.life
            if diagnosis.life is not Life.FINE:
                self.found[diagnosis.life] += 1
            yield watched, diagnosis
