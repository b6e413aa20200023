"""How long the jobs of a run took, stage by stage, as seen from outside: for people to read.

Percentiles are the nearest rank (the smallest value that at least p % of all values do not exceed).
Stages are seen by polling, so a time is late by up to one poll interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from asyncproof.facts.load_over_time import peak
from asyncproof.history.history import History, JobRecord

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class StageTimes:
    """The seconds that one stage took, one value a job, in rising order."""

    name: str
    seconds: tuple[float, ...]

    def percentile(self, percent: int) -> float:
        """The nearest-rank percentile.

        Raises:
            IndexError: there are no values.
        """
        return self.seconds[max(0, ceil(len(self.seconds) * percent / 100) - 1)]


def stage_times(history: History) -> tuple[StageTimes, ...]:
    """Accept, queue, work and callback, of the jobs that completed."""
    jobs = [job for job in history.accepted if job.completed]
    stages = {"accept": _accept, "queue": _queue, "work": _work, "callback": _callback}
    return tuple(
        StageTimes(name, tuple(sorted(s for job in jobs if (s := of(job)) is not None)))
        for name, of in stages.items()
    )


def _accept(job: JobRecord) -> float | None:
    return job.answered.took if job.answered else None


def _begun(job: JobRecord) -> float | None:
    return next((p.at for p in job.polls if p.status and p.status != "queued"), None)


def _queue(job: JobRecord) -> float | None:
    begun = _begun(job)
    return begun - job.answered.at if job.answered and begun is not None else None


def _work(job: JobRecord) -> float | None:
    begun = _begun(job)
    return job.terminal.at - begun if job.terminal and begun is not None else None


def _callback(job: JobRecord) -> float | None:
    """From the end as polled to the first callback; one that came before the poll took no time."""
    taken = [d.at for d in job.deliveries if d.stored]
    return max(0.0, taken[0] - job.terminal.at) if taken and job.terminal else None


def as_data(history: History) -> dict[str, dict[str, float]]:
    """The same table for programs, in seconds; without stages that nothing is known of."""
    return {
        stage.name: {f"p{p}": stage.percentile(p) for p in PERCENTILES} | {"max": stage.seconds[-1]}
        for stage in stage_times(history)
        if stage.seconds
    }


def lines(history: History) -> Iterator[str]:
    """A small table, and the pace; nothing where no job completed."""
    stages = [stage for stage in stage_times(history) if stage.seconds]
    if not stages:
        return
    heads = [f"p{p}" for p in PERCENTILES]
    yield "Seconds   " + "".join(f"{head:>9}" for head in (*heads, "max"))
    for stage in stages:
        shown = (*map(stage.percentile, PERCENTILES), stage.seconds[-1])
        yield f"  {stage.name:<8}" + "".join(f"{value:9.3f}" for value in shown)
    yield pace(history)


def pace(history: History) -> str:
    """How many jobs completed, how fast, and how many together; empty where none completed."""
    jobs = [job for job in history.accepted if job.completed and job.terminal]
    if not jobs:
        return ""
    began = min(job.submitted.at for job in jobs)
    ended = max(job.terminal.at for job in jobs if job.terminal)
    rate = len(jobs) / max(ended - began, 0.001)
    return (
        f"{len(jobs)} jobs completed, {rate:.2f} a second over the run, "
        f"at most {peak(history)} in flight"
    )
