"""A miner on which no job comes to anything: what is the matter, for the whole of a scenario. Pure.

Only ordinary jobs say so: what a scenario provoked is left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from asyncproof.facts import engine
from asyncproof.facts.provoked import provocations
from asyncproof.history.history import History, JobRecord
from asyncproof.text import quoted
from asyncproof.wire.protocol import CANNOT_CONNECT

NOBODY_LISTENS = (
    "the miner is gone: nobody listens at its address any more; its log, or that of what started "
    "it, says why it ended"
)


class Sickness(StrEnum):
    """What is the matter with every job."""

    GONE = "the miner is gone"
    REFUSES = "no submission is accepted"
    FAILS = "every job fails"
    HANGS = "no job comes to an end"
    DELIVERS_NOTHING = "no callback reaches us"


@dataclass(frozen=True, slots=True)
class Found:
    """``told`` completes the sickness: an answer, an error; empty where there is nothing to add."""

    sickness: Sickness
    told: str = ""

    def __str__(self) -> str:
        return f"{self.sickness} ({self.told})" if self.told else str(self.sickness)


def sickness(history: History) -> Found | None:
    """What every ordinary job of this scenario suffers from; None where one does not."""
    return of_all([job for job in history if not provocations(job)])


def left_alone(history: History) -> Found | None:
    """Where jobs ended because nobody listens any more, though others had completed before."""
    return of_all(job for job in history if is_gone(job))


def of_all(jobs: Iterable[JobRecord]) -> Found | None:
    """What all of these jobs suffer from, whatever is special about them."""
    jobs = [job for job in jobs if job.answered is not None]
    if not jobs:
        return None
    taken = [job for job in jobs if job.accepted]
    if all(map(is_gone, jobs)):
        return Found(Sickness.GONE, _last_error(jobs[-1]))
    if not taken:
        return Found(Sickness.REFUSES, _answer(jobs[-1]))
    if not any(job.completed for job in taken):
        return _without_an_end(taken)
    nothing_came = not any(job.deliveries for job in taken)
    expected = all(job.submitted.expects_callback for job in taken)
    return Found(Sickness.DELIVERS_NOTHING) if nothing_came and expected else None


def _without_an_end(taken: list[JobRecord]) -> Found:
    if any(map(engine.is_stuck, taken)):
        return Found(Sickness.HANGS, engine.how_it_is_stuck(taken[-1]))
    return Found(Sickness.FAILS, _error(taken[-1]))


def is_gone(job: JobRecord) -> bool:
    """Nobody listens any more: neither when it was sent nor when it was last asked for."""
    return job.terminal is None and _last_error(job).startswith(CANNOT_CONNECT)


def _last_error(job: JobRecord) -> str:
    if job.polls:
        return job.polls[-1].error
    return job.answered.error if job.answered else ""


def _answer(job: JobRecord) -> str:
    answer = job.answered
    if answer is None:
        return ""
    return answer.error or f"{answer.status_code} {quoted(answer.body)}"


def _error(job: JobRecord) -> str:
    said = next((poll.job_error for poll in reversed(job.polls) if poll.job_error), None)
    return f"{job.final_status}: {said}" if said else str(job.final_status)
