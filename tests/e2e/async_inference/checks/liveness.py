"""LIV: every job in flight gives signs of life, and the signs are progress.

The driver gives a job up as soon as it is certain that it hangs; what it saw stands in the event.
A job whose whole time is used up while it still moves is SCH-1's.
"""

from collections.abc import Iterable, Iterator

from tests.e2e.async_inference.diagnosis import Diagnosis, Life, Stage
from tests.e2e.async_inference.liveness import Clocks
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.settings import Settings, variable
from tests.harness.verdict import Finding, NotApplicable, Ruling, check

ADVICE = {
    Stage.QUEUED: "see whether any worker is alive, and whether the one that hands out jobs is",
    Stage.STARTING: "look at loading the model, fetching the LoRA and the first step",
    Stage.STEPPING: "look at the worker that holds this job: driver, lock, memory",
    Stage.FINISHING: "look at decoding, upscaling, saving and the callback",
    Stage.UNMEASURED: "look at the worker that holds this job",
}


@check("LIV-1")
def every_job_stays_in_sight(history: RunHistory) -> Iterator[Ruling]:
    """A job in flight can be asked about: its polls are answered at all.

    Polls that are answered with something unreadable are POL-11's.
    """
    for job in history.accepted:
        if (found := diagnosis(job, Life.DEAD)) is None:
            yield from _held(job)
        elif unanswered(job):
            yield _finding("LIV-1", job, found, "an answer to a poll")


@check("LIV-2")
def every_job_makes_progress(history: RunHistory) -> Iterator[Ruling]:
    """A job that was begun rises above its highest percentage within the budget of its stage."""
    for job in history.accepted:
        if (found := diagnosis(job, Life.STALLED)) is None:
            yield from _held(job)
        else:
            yield _finding("LIV-2", job, found, "progress, and then an end")


@check("LIV-3")
def the_queue_moves(history: RunHistory) -> Iterator[Ruling]:
    """No job waits in the queue while the miner does nothing.

    Jobs behind one that hangs are its victims: that one is reported, and they are not.
    """
    blocked = any(diagnosis(job, Life.STALLED, Life.DEAD, Life.OVERDUE) for job in history)
    for job in history.accepted:
        if (found := diagnosis(job, Life.STARVING)) is None:
            yield from _held(job)
        elif not blocked:
            yield _finding("LIV-3", job, found, "to be taken from the queue")


@check("LIV-4")
def no_job_is_slow(history: RunHistory) -> Iterator[Ruling]:
    """Progress is at least ASYNC_LEAST_RATE percent per minute."""
    rate, paced = least_rate(history), False
    for job in history.accepted:
        clocks = seen(job)
        if clocks.pace is None:
            continue
        paced = True
        yield _too_slow(job, clocks.pace, rate) if clocks.slow(rate) else None
    if history.accepted and not paced:
        yield NotApplicable("no job showed two percentages, so none showed a pace")


EVERY_SIGN = (every_job_stays_in_sight, every_job_makes_progress, the_queue_moves, no_job_is_slow)


def diagnosis(job: JobRecord, *lives: Life) -> Diagnosis | None:
    """Why the job was given up, where it was for one of these reasons."""
    found = (waiting.diagnosis for waiting in job.gave_up)
    return next((each for each in found if each and each.life in lives), None)


def unanswered(job: JobRecord) -> bool:
    """Whether the miner fell silent about it, and did not just say something unreadable."""
    return bool(job.polls) and bool(job.polls[-1].error)


def seen(job: JobRecord) -> Clocks:
    """The clocks as the readable polls of this job set them."""
    clocks = Clocks.started(job.submitted.at)
    for poll in job.polls:
        if poll.status is not None:
            clocks = clocks.heard_at(poll.at, poll.status, poll.progress)
    return clocks


def least_rate(history: RunHistory) -> float:
    """The rate that the run was told to ask for."""
    told = history.started.settings if history.started else {}
    return float(told.get(variable("least_rate"), Settings().least_rate))


def _held(job: JobRecord) -> Iterable[Ruling]:
    """Only an end shows that nothing was missing."""
    return () if job.terminal is None else (None,)


def _finding(clause: str, job: JobRecord, found: Diagnosis, expected: str) -> Finding:
    return job.finding(
        clause,
        expected,
        found.line(job.name, job.job_id),
        at=job.gave_up[0].at if job.gave_up else None,
        advice=ADVICE[found.stage],
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
