"""SCH: every accepted job ends, and ends well."""

import re
from collections.abc import Iterator

from tests.e2e.async_inference.diagnosis import Life
from tests.e2e.async_inference.events import GaveUp
from tests.e2e.async_inference.protocol import TERMINAL
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import Ruling, check


@check("SCH-1")
def every_job_ends(history: RunHistory) -> Iterator[Ruling]:
    """Every accepted job reaches a terminal state within its time.

    A job that was given up before, because it hung for certain, is reported by the LIV clauses.
    """
    for job in history.accepted:
        waiting = next(iter(job.gave_up), None)
        if job.terminal is not None:
            yield None
        elif waiting is not None and _in_vain(waiting):
            yield job.finding(
                "SCH-1",
                "completed, failed or timeout",
                f"{waiting.last_state} after {waiting.waited:.1f} s{_told(job, waiting)}",
                at=waiting.at,
                advice="look at the worker that holds this job; if it is only slow, raise "
                "ASYNC_JOB_TIMEOUT",
                cause=f"still {waiting.last_state}",
            )


def _in_vain(waiting: GaveUp) -> bool:
    """Whether all the time that a job may take was waited for it."""
    return waiting.diagnosis is None or waiting.diagnosis.life is Life.OVERDUE


def _told(job: JobRecord, waiting: GaveUp) -> str:
    found = waiting.diagnosis
    return f": {found.line(job.name, job.job_id)}" if found else ""


OF_ONE_JOB = re.compile(r"[0-9a-f-]{8,}|\d+")  # ids and numbers, in the words of an error


@check("SCH-2")
def every_job_completes(history: RunHistory) -> Iterator[Ruling]:
    """A valid job that ends has a picture: it completes."""
    for job in history.accepted:
        if job.final_status not in TERMINAL:
            continue
        if job.completed:
            yield None
            continue
        error = next((p.job_error for p in reversed(job.polls) if p.job_error), "no reason given")
        yield job.finding(
            "SCH-2",
            "completed",
            f"{job.final_status}: {error}",
            at=job.polls[-1].at,
            advice="what fails under load alone lacks a lock, memory or a place of its own",
            cause=f"{job.final_status}: {OF_ONE_JOB.sub('#', error)}",
        )


@check("RUN-1")
def jobs_overlapped(history: RunHistory) -> Iterator[Ruling]:
    """Jobs were really in flight together; otherwise a race had no chance, and nothing is judged.

    This says something of the run, not of the miner: without overlap it yields nothing, which makes
    the run inconclusive.
    """
    if overlap(list(history)) > 1:
        yield None


def overlap(jobs: list[JobRecord]) -> int:
    """The most jobs that were accepted and not yet seen to have ended, at any one time."""
    changes = list[tuple[float, int]]()
    for job in jobs:
        if job.accepted and job.answered and job.terminal:
            changes += [(job.answered.at, 1), (job.terminal.at, -1)]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most
