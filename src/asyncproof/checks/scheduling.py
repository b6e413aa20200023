"""SCH: every accepted job ends, and ends well."""

from collections.abc import Iterator

from asyncproof.facts.applicable import why_not
from asyncproof.facts.engine import SPECIAL, SUSPECT, how_it_is_stuck, is_stuck, special_about
from asyncproof.facts.equal_requests import lora
from asyncproof.facts.failures import error_of, failure, foreign_lora, was_alone
from asyncproof.facts.forgotten import FORGOTTEN, forgotten
from asyncproof.facts.overlap import overlap
from asyncproof.facts.owing import unless_absent
from asyncproof.harness.verdict import Finding, Ruling, check
from asyncproof.history.events import GaveUp, Polled
from asyncproof.history.history import History, JobRecord
from asyncproof.history.job_health import JobHealth
from asyncproof.text import NO_ANSWER, answered, quoted
from asyncproof.vocabulary import TERMINAL


@check("SCH-1", every_job=True)
def every_job_ends(history: History) -> Iterator[Ruling]:
    """Every accepted job reaches a terminal state within its time.

    A job that was given up before, because it hung for certain, is reported by the LIV clauses.
    """
    for job in history.accepted:
        waiting = next(iter(job.gave_up), None)
        if job.terminal is not None:
            yield None
        elif (lost := forgotten(job)) is not None:
            yield job.finding(
                "SCH-1",
                "completed, failed or timeout",
                f"{answered(lost.status_code, lost.body)} from "
                f"{job.since_submission(lost.at):.1f} s after submission on, {_before(job)}",
                at=lost.at,
                advice=FORGOTTEN,
                cause="accepted jobs were forgotten",
            )
        elif waiting is not None and _in_vain(history, waiting):
            yield job.finding(
                "SCH-1",
                "completed, failed or timeout",
                f"{waiting.last_state} after {waiting.waited:.1f} s{_told(job, waiting)}",
                at=waiting.at,
                advice=_why_it_never_ends(history, job),
                cause=f"still {waiting.last_state}",
            )


def _before(job: JobRecord) -> str:
    """How far the job had come when it was last known."""
    known = job.final_status
    return f"though it was {known} before" if known else "though it had been accepted"


def _why_it_never_ends(history: History, job: JobRecord) -> str:
    special = special_about(job)
    if special:
        return f"it is special ({special}): did the engine die of it? Fail such a job, and go on"
    if (broken := _connection_broke(history, job)) is not None:
        return (
            f"{quoted(broken.error)} was all that a poll got {job.since_submission(broken.at):.1f} "
            "s after its submission: did a process of the server die then, and this job with it? "
            "Its log knows. What such a process had at work is to be told as an end, or done again"
        )
    return (
        "its worker hangs, or has died and nobody noticed: the server's log knows which; where it "
        "is only slow, raise ASYNC_JOB_TIMEOUT"
    )


def _connection_broke(history: History, job: JobRecord) -> Polled | None:
    """The first poll of any job, since this one was submitted, whose connection broke: one that was
    not answered in time says nothing about a process that died."""
    polls = (poll for other in history.accepted for poll in other.polls)
    broken = (p for p in polls if p.error and not p.error.startswith(NO_ANSWER))
    return min((p for p in broken if p.at > job.submitted.at), key=lambda p: p.at, default=None)


REPORTED_BY = {JobHealth.DEAD: "LIV-1", JobHealth.STALLED: "LIV-2", JobHealth.STARVING: "LIV-3"}


def _in_vain(history: History, waiting: GaveUp) -> bool:
    """Whether all the time that a job may take was waited for it, or the clause that reports how it
    hung does not apply to this server."""
    if waiting.diagnosis is None or waiting.diagnosis.life is JobHealth.OVERDUE:
        return True
    spoken = history.started.dialect if history.started else None
    clause = REPORTED_BY.get(waiting.diagnosis.life, "")
    return spoken is not None and bool(why_not(clause, spoken.lacks))


def _told(job: JobRecord, waiting: GaveUp) -> str:
    found = waiting.diagnosis
    return f": {found.line(job.name, job.job_id)}" if found else ""


@check("SCH-2", every_job=True)
def every_job_completes(history: History) -> Iterator[Ruling]:
    """A valid job that ends has a picture: it completes."""
    for job in history.accepted:
        if job.final_status not in TERMINAL:
            continue
        if job.completed:
            yield None
            continue
        yield job.finding(
            "SCH-2",
            "completed",
            f"{job.final_status}: {error_of(job)}",
            at=job.polls[-1].at,
            advice=_why_failed(history, job),
            cause=failure(job) or "",
        )


def _why_failed(history: History, job: JobRecord) -> str:
    """What to look at: what the jobs that fail have in common, and the others have not."""
    failed = [other for other in history.accepted if failure(other)]
    plain = [other for other in failed if not lora(other)]
    if (other := foreign_lora(history, job)) is not None:
        return (
            f"the error is about the LoRA of {other.shown}, which this job did not ask for: what "
            "one job asks for stays for the next (IDN-5)"
        )
    if lora(job) and not plain and any(other.completed for other in history):
        return (
            f"only jobs that ask for a LoRA fail: does the miner have the LoRA {lora(job)!r}? "
            "ASYNC_TEST_LORAS is to name LoRAs that it has"
        )
    if not any(other.completed for other in history):
        return "no job completes: the error and the miner's log say why"
    if was_alone(history, job):
        return "it failed with no other job beside it: the error and the miner's log say why"
    if any(was_alone(history, other) for other in failed):
        return "jobs fail alone as well as beside others: the error and the miner's log say why"
    return "what fails under load alone lacks a lock, memory or a place of its own"


@check("SCH-9")
def one_job_does_not_end_all_work(history: History) -> Iterator[Ruling]:
    """After a job that the miner was not made for, plain jobs are done as before."""
    yield from unless_absent(
        history, _one_job_does_not_end_all_work(history), "no special job was accepted"
    )


def _one_job_does_not_end_all_work(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        if special_about(job) and (job.completed or _worked_on(history, job)):
            yield None
        special = job.tags.get(SPECIAL)
        if special and job.completed:
            yield None
        elif special and is_stuck(job):
            yield Finding(
                "SCH-9",
                job.tags[SUSPECT],
                "an error for this job alone, and plain jobs done after it as before",
                f"no job ended since: {job.name}, a plain one, {how_it_is_stuck(job)}",
                job.submitted.at,
                UNSUPPORTED_SIZE if special.startswith("size ") else DIES,
                f"the engine died of it ({special})",
            )


def _worked_on(history: History, special: JobRecord) -> bool:
    """Whether a plain job that was submitted after this one completed."""
    later = (j for j in history.accepted if j.submitted.at > special.submitted.at)
    return any(job.completed and not special_about(job) for job in later)


DIES = "catch every error of one job around the work on it; a thread that ends takes all jobs along"
UNSUPPORTED_SIZE = (
    "a size that it does not support kills the engine: refuse it with 422, or make such pictures"
)


@check("RUN-1")
def jobs_overlapped(history: History) -> Iterator[Ruling]:
    """Jobs were really in flight together; otherwise a race had no chance, and nothing is judged.

    This says something of the run, not of the miner: without overlap it yields nothing, which makes
    the run inconclusive.
    """
    if overlap(list(history)) > 1:
        yield None
