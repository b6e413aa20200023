"""What the polls of a job say in turn, and where one contradicts an earlier one."""

from collections.abc import Iterator

from asyncproof.history.events import Polled
from asyncproof.history.history import JobRecord
from asyncproof.vocabulary import STATUSES

RANK = {"queued": 0, "processing": 1}
ENDED = 2


def own_polls(job: JobRecord) -> list[Polled]:
    """The readable polls that speak of this job, as far as they say of which."""
    return [p for p in job.polls if p.status in STATUSES and p.job_id in (None, job.job_id)]


def rank(poll: Polled) -> int:
    return RANK.get(poll.status or "", ENDED)


def sent_after(poll: Polled, earlier: Polled) -> bool:
    """Whether it was asked when the earlier one was answered: answers may overtake each other."""
    return poll.at - poll.took > earlier.at


def submission_word(job: JobRecord) -> list[Polled]:
    """The status in the submission's answer, as the poll that it amounts to; none without one."""
    answer = job.answered
    if answer is None or answer.status not in STATUSES:
        return []
    return [Polled(at=answer.at, job=job.name, took=answer.took, status=answer.status)]


def steps_back(polls: list[Polled]) -> Iterator[tuple[Polled, Polled]]:
    """Each poll that contradicts an earlier one, and that earlier one."""
    furthest: Polled | None = None
    for poll in polls:
        if furthest is None:
            furthest = poll
            continue
        another_end = rank(poll) == ENDED == rank(furthest) and poll.status != furthest.status
        if (rank(poll) < rank(furthest) or another_end) and sent_after(poll, furthest):
            yield furthest, poll
        elif rank(poll) > rank(furthest):
            furthest = poll
