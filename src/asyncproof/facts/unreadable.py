"""Callbacks whose body our receiver could not read: what they were about, nobody can tell."""

from asyncproof.history.events import Delivered
from asyncproof.history.history import History, JobRecord

BAD_FORM = range(400, 418)
MATCH = "match"


def is_unreadable(delivery: Delivered) -> bool:
    """We refused it for its body alone: no multipart form, or one that is broken."""
    return bool(delivery.broken) and delivery.answered in BAD_FORM and delivery.secret == MATCH


def unread(history: History) -> list[Delivered]:
    """Those that came to the url that jobs share, so that they are of no job in particular."""
    return [one for one in history.orphans if is_unreadable(one) and not one.nemesis]


def may_be_unread(history: History, job: JobRecord) -> bool:
    """Whether one of these, sent after the job was submitted, may have been the job's callback."""
    shares_the_url = not job.submitted.token
    return shares_the_url and any(one.at > job.submitted.at for one in unread(history))
