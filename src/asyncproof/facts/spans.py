"""What was true of a job and when: its states as spans of time, and its stalls.

A poll shows a state some time after it began. The change lies between the last answer that showed
the old state and the first that showed the new one; where the miner says when it was, that moment
is used as far as these two allow it (its clock may be wrong), else the later one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from asyncproof.facts.health import moved_after
from asyncproof.history.events import GaveUp, Polled
from asyncproof.history.history import History, JobRecord
from asyncproof.history.job_health import JobHealth
from asyncproof.vocabulary import TERMINAL
from asyncproof.wire import protocol

QUEUED, WORKING, COMPLETED, FAILED, REFUSED = "queued", "working", "completed", "failed", "refused"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a job's life, in seconds of the run. ``state`` is one of the words above."""

    begin: float
    end: float
    state: str


def spans(history: History, job: JobRecord) -> list[Span]:
    """The states of the job in order, from its submission to the last that was seen of it."""
    if job.answered is not None and not job.accepted:
        return [Span(job.submitted.at, job.answered.at, REFUSED)]
    changes = [(job.submitted.at, QUEUED), *_changes(history, job)]
    moments = [*changes, (max(last_seen(job), changes[-1][0]), "")]
    return [Span(a, b, state) for (a, state), (b, _) in pairwise(moments)]


def ended_at(history: History, job: JobRecord) -> float | None:
    """When the job ended; None where no end was seen."""
    ends = (at for at, state in _changes(history, job) if state in (COMPLETED, FAILED))
    return next(ends, None)


def began_at(history: History, job: JobRecord) -> float | None:
    """When work on the job began; None where no work on it was seen."""
    return next((at for at, state in _changes(history, job) if state == WORKING), None)


def _changes(history: History, job: JobRecord) -> Iterator[tuple[float, str]]:
    state, at = QUEUED, job.submitted.at
    for poll in job.polls:
        now = _state(poll)
        if now and now != state:
            seen, started = _seen_before(job, poll, at), _moment(history, poll.started_at)
            if state == QUEUED and started is not None:
                at = _between(seen, poll.at, started)
                yield at, WORKING
            if now != WORKING or state != QUEUED or started is None:
                ended = _moment(history, poll.completed_at or poll.failed_at)
                at = _between(max(seen, at), poll.at, None if now == WORKING else ended)
                yield at, now
            state = now


def _state(poll: Polled) -> str:
    if poll.status in TERMINAL:
        return COMPLETED if poll.status == "completed" else FAILED
    if poll.status is None:
        return ""
    return QUEUED if poll.status == "queued" else WORKING


def _seen_before(job: JobRecord, poll: Polled, changed: float) -> float:
    """The last answer before this poll; it still showed the old state."""
    seen = [p.at for p in job.polls if p.at < poll.at]
    seen += [u.since for u in job.unchanged if u.since < poll.at]
    return max([changed, *seen])


def last_seen(job: JobRecord) -> float:
    """The last moment at which anything was known of the job."""
    seen = [p.at for p in (*job.polls, *job.unchanged, *job.gave_up)]
    return max([job.answered.at if job.answered else job.submitted.at, *seen])


def _moment(history: History, text: str | None) -> float | None:
    said = protocol.timestamp(text)
    if said is None or history.started is None:
        return None
    return said.timestamp() - history.started.wall


def _between(low: float, high: float, said: float | None) -> float:
    return high if said is None else min(max(said, low), high)


def stalls(job: JobRecord) -> Iterator[tuple[float, float, str]]:
    """Begin, end and a line about each time that the job was given up as hung, and was."""
    for gave_up in job.gave_up:
        found = gave_up.diagnosis
        if found is not None and found.life.hung and not moved_after(job, gave_up):
            told = found.line(job.name, job.job_id)
            yield gave_up.at - _length(gave_up), gave_up.at, told


def _length(gave_up: GaveUp) -> float:
    found = gave_up.diagnosis
    if found is None:
        return 0.0
    return found.silent if found.life is JobHealth.DEAD else found.still
