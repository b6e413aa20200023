"""Ids that two jobs had: what was answered under such an id is told apart by the job's own times.

A poll or a download under an id that was given again may be about either job. It stays with the
first one only where that is certain; the rest is set apart, so that no check takes it for the
first job's.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from asyncproof.history.events import Polled
from asyncproof.history.history import History, JobRecord


@dataclass(frozen=True, slots=True)
class Taking:
    """A moment at which the miner gave this id to a job: when it was asked, and when it answered.
    ``job`` is None for a request beside the jobs."""

    asked: float
    answered: float
    job: JobRecord | None = None


def takings(history: History) -> dict[str, list[Taking]]:
    """Every giving of an id, in the order of the answers."""
    found = defaultdict[str, list[Taking]](list)
    for job in history.accepted:
        if job.answered is not None and job.job_id:
            found[job.job_id].append(Taking(job.submitted.at, job.answered.at, job))
    for probe in history.probes:
        good = probe.status_code is not None and 200 <= probe.status_code < 300
        again = probe.job_id if probe.method == "POST" and good else None
        if again is not None and again in found:
            found[again].append(Taking(probe.at - probe.took, probe.at))
    for taken in found.values():
        taken.sort(key=lambda taking: taking.answered)
    return found


def set_apart(history: History) -> None:
    """Take from each job what was answered under its id after another job got that id."""
    for taken in takings(history).values():
        for n, taking in enumerate(taken[:-1]):
            if taking.job is not None:
                _leave_its_own(taking.job, taken[n + 1])


def _leave_its_own(job: JobRecord, again: Taking) -> None:
    queued = _own_queued_at(job, again)
    own = [p for p in job.polls if _is_own(p, again, queued)]
    job.polls_of_another = [p for p in job.polls if p not in own]
    job.polls = own
    job.downloads = [d for d in job.downloads if d.at < again.asked]
    job.id_given_again_at = again.answered


def _is_own(poll: Polled, again: Taking, queued: str | None) -> bool:
    if poll.at < again.asked:
        return True
    return queued is not None and poll.queued_at == queued


def _own_queued_at(job: JobRecord, again: Taking) -> str | None:
    """The job's own ``queued_at``: as told before the id was given again, or the earlier of two."""
    before = [p.queued_at for p in job.polls if p.at < again.asked and p.queued_at]
    if before:
        return before[0]
    told = list(dict.fromkeys(_times(job.polls)))
    return told[0] if len(told) > 1 else None


def _times(polls: Iterable[Polled]) -> list[str]:
    return [poll.queued_at for poll in polls if poll.queued_at]
