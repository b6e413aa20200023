"""LIV: every job in flight gives signs of life, and the signs are progress.

The driver gives a job up as soon as it is certain that it hangs; what it saw stands in the event.
A job whose whole time is used up while it still moves is SCH-1's.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from asyncproof.facts.health import diagnosis, seen, unanswered
from asyncproof.facts.sickness import NOBODY_LISTENS, is_gone
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.history import History, JobRecord
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage, shown_percent
from asyncproof.settings import Settings, variable

ADVICE = {
    Stage.STARTING: "look at loading the model, fetching the LoRA and the first step; if yours "
    "take longer, raise ASYNC_PRELOAD_TIMEOUT, ASYNC_DOWNLOAD_TIMEOUT or ASYNC_FIRST_STEP_TIMEOUT",
    Stage.STEPPING: "look at the worker that holds this job: driver, lock, memory; if your steps "
    "take longer, raise ASYNC_STEP_TIMEOUT",
    Stage.FINISHING: "look at decoding, upscaling, saving and the callback; if yours take longer, "
    "raise ASYNC_POST_PROCESS_TIMEOUT",
}
# Seconds; the poll that set the clock does not count as one after it.
MOMENT = 0.001
NO_RISE = (
    "look at what computes the percentage: two writers, a counter that falls, or a loop that "
    "starts again"
)
FELL_BACK = (
    "look at what starts this job again, or at who else writes its percentage: it had come further"
)
UNANSWERED = (
    "the status route hangs: look for a lock, or for work in the thread that answers; or "
    "the whole process is frozen"
)
QUEUE_STANDS = (
    "the jobs were dropped from the queue, what hands out jobs stands still, or no worker "
    "comes up (starting, loading a model); if yours take longer, raise ASYNC_PROCESS_TIMEOUT"
)

PROGRESS = "progress, and then an end"


class _Told(NamedTuple):
    """What a finding says of a job that hangs."""

    expected: str
    got: str
    advice: str


@check("LIV-1", every_job=True)
def every_job_stays_in_sight(history: History) -> Iterator[Ruling]:
    """A job in flight can be asked about: its polls are answered at all.

    Polls that are answered with something unreadable are POL-11's.
    """
    for job in history.accepted:
        if (found := diagnosis(job, JobHealth.DEAD)) is None:
            yield from _held(job)
        elif unanswered(job):
            came = ", though its callback came all the same" if job.deliveries else ""
            gone = is_gone(job)
            why = f" ({job.polls[-1].error})" if gone else ""
            got = f"none for {found.silent:.1f} s{why}{came}"
            advice = NOBODY_LISTENS if gone else UNANSWERED
            yield _finding("LIV-1", job, found, _Told("an answer to a poll", got, advice))


@check("LIV-2", every_job=True)
def every_job_makes_progress(history: History) -> Iterator[Ruling]:
    """A job that was begun rises above its highest percentage within the budget of its stage."""
    for job in history.accepted:
        if (found := diagnosis(job, JobHealth.STALLED)) is None:
            yield from _held(job)
        else:
            yield _finding("LIV-2", job, found, _stuck(job, found))


@check("LIV-3")
def the_queue_moves(history: History) -> Iterator[Ruling]:
    """No job waits in the queue while the miner does nothing.

    Jobs behind one that hangs are its victims: that one is reported, and they are not.
    """
    blocked = any(
        diagnosis(job, JobHealth.STALLED, JobHealth.DEAD, JobHealth.OVERDUE) for job in history
    )
    for job in history.accepted:
        if (found := diagnosis(job, JobHealth.STARVING)) is None:
            yield from _held(job)
        elif not blocked:
            got = f"still queued after {found.still:.1f} s, while nothing is worked on"
            yield _finding("LIV-3", job, found, _Told("to be begun", got, QUEUE_STANDS))


@check("LIV-4")
def no_job_is_slow(history: History) -> Iterator[Ruling]:
    """Progress is at least ASYNC_LEAST_RATE percent per minute."""
    rate, paced = least_rate(history), False
    for job in history.accepted:
        clocks = seen(job)
        if clocks.pace is None:
            continue
        paced = True
        if clocks.recent is not None and clocks.creeps(rate) and job.terminal is None:
            yield _creeps(job, clocks.recent, rate, clocks.best or 0.0)
        else:
            yield _too_slow(job, clocks.pace, rate) if clocks.slow(rate) else None
    if history.accepted and not paced:
        yield NotApplicable("no job showed progress twice")


EVERY_SIGN = (every_job_stays_in_sight, every_job_makes_progress, the_queue_moves, no_job_is_slow)


def least_rate(history: History) -> float:
    """The rate that the run was told to ask for."""
    told = history.started.settings if history.started else {}
    return float(told.get(variable("least_rate"), Settings().least_rate))


def _held(job: JobRecord) -> Iterable[Ruling]:
    """Only an end shows that nothing was missing."""
    return () if job.terminal is None else (None,)


def _stuck(job: JobRecord, found: Diagnosis) -> _Told:
    """What there was instead of progress, and what to look at."""
    best = shown_percent(found.progress or 0.0)
    if _moves_below(job, found):
        got = f"a percentage that moves, but not above {best} % for {found.still:.1f} s"
        return _Told(PROGRESS, got, NO_RISE)
    fell = found.stage is Stage.STARTING and _highest(job) > 0
    before = f" (it had shown {shown_percent(_highest(job))} %)" if fell else ""
    got = f"none for {found.still:.1f} s at {best} %{before}, while polls are answered"
    if fell:
        return _Told(PROGRESS, got, FELL_BACK)
    return _Told(PROGRESS, got, ADVICE.get(found.stage, ADVICE[Stage.STEPPING]))


def _highest(job: JobRecord) -> float:
    """In percent, of all attempts at the job."""
    return max((poll.progress or 0.0 for poll in job.polls), default=0.0)


def _moves_below(job: JobRecord, found: Diagnosis) -> bool:
    """Whether the percentage went on changing after it had been at its highest."""
    since = (job.gave_up[0].at if job.gave_up else 0.0) - found.still
    later = {p.progress for p in job.polls if p.progress is not None and p.at > since + MOMENT}
    return len(later) > 1


def _finding(clause: str, job: JobRecord, found: Diagnosis, told: _Told) -> Finding:
    return job.finding(
        clause,
        told.expected,
        f"{told.got}: {found.line(job.name, job.job_id)}",
        at=job.gave_up[0].at if job.gave_up else None,
        advice=told.advice,
        cause=f"{found.life} {found.stage}",
    )


def _too_slow(job: JobRecord, pace: float, rate: float) -> Finding:
    return job.finding(
        "LIV-4",
        f"at least {rate:g} % per minute",
        f"{pace:.2g} % per minute",
        advice="see what else the machine does, and whether the model fits into its memory",
        cause="slow",
    )


def _creeps(job: JobRecord, recent: float, rate: float, best: float) -> Finding:
    return job.finding(
        "LIV-4",
        f"at least {rate:g} % per minute until the job ends",
        f"{recent:.2g} % per minute of late, at {shown_percent(best)} % and without an end",
        at=job.gave_up[0].at if job.gave_up else None,
        advice="a percentage that comes nearer to 100 and never arrives is computed from a clock: "
        "report steps that were done, and look at what the job is really waiting for",
        cause="creeps towards 100 %",
    )
