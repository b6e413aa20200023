"""Which jobs of a live miner hang. Pure: observations with times in, findings out.

It remembers only jobs in flight, so it can run for days.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import inf

from asyncproof.harness.history_file import Event
from asyncproof.history.job_health import Diagnosis, JobHealth
from asyncproof.liveness.clocks import Budgets, Clocks
from asyncproof.vocabulary import TERMINAL
from asyncproof.wire.protocol import Listed


class FoundStall(Event, frozen=True):
    """One line of ``--jsonl``: a finding about a job. ``wall`` is the Unix time of ``at``."""

    wall: float
    job_id: str
    diagnosis: Diagnosis
    line: str
    model: str = ""


@dataclass(slots=True)
class Watched:
    """A job in flight, and what was last reported about it."""

    job_id: str
    model: str
    clocks: Clocks
    told: JobHealth = JobHealth.FINE


class Watch:
    """The jobs in flight of one miner; it counts jobs ``seen`` and ``ended``, and what it found."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self._jobs: dict[str, Watched] = {}
        self._worked = -inf
        self.seen = self.ended = 0
        self.found: Counter[JobHealth] = Counter()

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    @property
    def stalls(self) -> int:
        """How many hangs were found; slow jobs are not hung."""
        return sum(count for life, count in self.found.items() if life.hung)

    def saw(self, at: float, job: Listed) -> None:
        """A readable answer about a job. A job that had already ended when first seen is
        ignored."""
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
        """The whole list of the miner's jobs arrived: jobs that are not in it have ended."""
        for job_id in self._jobs.keys() - listed:
            self.gone(at, job_id)

    def diagnoses(self, at: float) -> Iterator[tuple[Watched, Diagnosis]]:
        """The state of every job in flight."""
        for watched in self._jobs.values():
            yield watched, watched.clocks.diagnose(at, self._budgets, self._worked)

    def news(self, at: float) -> Iterator[tuple[Watched, Diagnosis]]:
        """What to report now: each problem once, and that a job moves again."""
        for watched, diagnosis in self.diagnoses(at):
            if diagnosis.life is watched.told:
                continue
            watched.told = diagnosis.life
            if diagnosis.life is not JobHealth.FINE:
                self.found[diagnosis.life] += 1
            yield watched, diagnosis
