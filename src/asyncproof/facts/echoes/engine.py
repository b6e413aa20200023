"""What a miner that is gone, dead, busy or hung makes of other clauses."""

from collections.abc import Iterator

from asyncproof.facts.failures import failure
from asyncproof.facts.judged_run import (
    HANGS,
    TELLS_OF_DEATH,
    JudgedRun,
    Pair,
    code_of,
)
from asyncproof.facts.provoked import provocations
from asyncproof.facts.sickness import is_gone
from asyncproof.history.history import JobRecord
from asyncproof.wire.protocol import CANNOT_CONNECT

CONSEQUENCES = (
    *TELLS_OF_DEATH,
    *("SUB-14", "SUB-15", "SUB-16", "SUB-17", "SEC-3", "POL-11", "TRN-2", "TRN-4"),
    *("CBK-1", "CBK-16", "CBK-20", "EXP-1", "EXP-4", "EXP-5", "EXP-8", "RES-1"),
)


def a_miner_that_is_gone(seen: JudgedRun) -> Iterator[Pair]:
    """Nobody listens any more: whatever is missing from then on is missing for that."""
    told = [finding for finding in seen.findings if CANNOT_CONNECT in finding.actual]
    leads = [f for f in told if f.clause == "LIV-1"] or [f for f in told if f.clause == "SUB-1"]
    if not leads:
        return
    gone = {job.name for job in seen.history if is_gone(job)}
    for finding in seen.findings:
        if finding is not leads[0] and (finding in told or finding.job in gone):
            yield finding, leads[0]


def a_dead_engine(seen: JudgedRun) -> Iterator[Pair]:
    """After some job no job completes any more: the first of them tells it for all."""
    dead = {job.name for job in seen.dead}
    if seen.first_dead is not None:
        for finding in seen.of(*CONSEQUENCES):
            if finding.job in dead:
                yield finding, seen.first_dead


def a_miner_that_is_busy_for_ever(seen: JudgedRun) -> Iterator[Pair]:
    """Valid submissions are refused: so are those that are special in some way."""
    by_code = {code_of(seen.job(cause)): cause for cause in seen.of("SUB-1")}
    for echo in seen.of("SUB-15", "SUB-17", "SUB-14", "SUB-4", "EXP-1", "EXP-4", "EXP-5"):
        job = seen.job(echo)
        if job is not None and not job.accepted and code_of(job) in by_code:
            yield echo, by_code[code_of(job)]


def jobs_that_fail_anyway(seen: JudgedRun) -> Iterator[Pair]:
    """Plain jobs fail with the same error, so it is not what was special about this one."""
    by_error = {failure(job): cause for cause in seen.of("SCH-2") if (job := seen.job(cause))}
    for echo in seen.of("SUB-15", "SUB-17", "EXP-8", "CBK-20", "TRN-2", "SEC-3"):
        job = seen.job(echo)
        if job is not None and failure(job) in by_error:
            yield echo, by_error[failure(job)]


def jobs_that_hang_anyway(seen: JudgedRun) -> Iterator[Pair]:
    """Plain jobs hang at the same percentage, so it is not what was special about this one."""
    plain = [(job, cause) for cause in seen.of("LIV-2") if (job := seen.job(cause))]
    by_progress = {_percent(job): cause for job, cause in plain if not provocations(job)}
    for echo in seen.of("SUB-15", "SUB-16", "SUB-17", "EXP-8", "TRN-2", "SEC-3"):
        job = seen.job(echo)
        if job is not None and job.gave_up and not job.terminal and _percent(job) in by_progress:
            yield echo, by_progress[_percent(job)]


def _percent(job: JobRecord) -> float:
    """How far the job came."""
    return max((poll.progress or 0.0 for poll in job.polls), default=0.0)


def a_queue_that_lets_jobs_starve(seen: JudgedRun) -> Iterator[Pair]:
    """Whoever is overtaken by nearly all is overtaken by some, and so are the jobs beside it. Of a
    job that never ends it is no matter of turns that others passed it."""
    ended = (f for f in seen.of("SCH-3") if (job := seen.job(f)) and job.terminal)
    for cause in list(ended)[:1]:
        yield from ((echo, cause) for echo in seen.of("SCH-4"))


def a_job_that_hangs(seen: JudgedRun) -> Iterator[Pair]:
    yield from seen.same_job(("LIV-3",), ("SCH-8",))  # others were done, and this one was not
    yield from seen.same_job(("SCH-8", "TRN-2", "CBK-16", "SCH-3", "SCH-4"), HANGS)
