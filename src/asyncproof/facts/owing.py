"""What a miner owes: which jobs a callback, and when it owes nothing under a clause."""

from collections.abc import Iterator

from asyncproof.harness.verdict import NotApplicable, Ruling
from asyncproof.history.history import History, JobRecord

DELIVERED = "delivered"
SKIPPED = "skipped"
EXPIRED = "expired"


def unless_absent(history: History, rulings: Iterator[Ruling], reason: str) -> Iterator[Ruling]:
    """The rulings; where there are none although jobs were accepted, the reason why."""
    judged = False
    for ruling in rulings:
        judged = True
        yield ruling
    if not judged and history.accepted:
        yield NotApplicable(reason)


def owed_a_callback(history: History) -> Iterator[JobRecord]:
    """Jobs that asked for a callback and ended."""
    for job in history.accepted:
        if job.submitted.expects_callback and job.terminal is not None:
            yield job
