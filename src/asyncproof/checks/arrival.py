"""CBK: whether each callback came to its url, and the one of which the miner says so."""

from collections.abc import Iterator

from asyncproof.facts.callback_address import nothing_came
from asyncproof.facts.delivery_outcome import (
    came_elsewhere,
    is_due,
    is_taken,
    was_unreachable,
    went_elsewhere,
)
from asyncproof.facts.owing import DELIVERED, EXPIRED, SKIPPED, owed_a_callback, unless_absent
from asyncproof.facts.unreadable import may_be_unread
from asyncproof.harness.verdict import Ruling, check
from asyncproof.history.history import History, JobRecord

TRIED = ("failed", "error")
UNREACHED = (
    "can the miner reach the callback url (ASYNC_CALLBACK_BASE_URL)? If so, the callback was "
    "forgotten, or its task died before it was sent"
)


@check("CBK-1", every_job=True)
def every_job_is_delivered(history: History) -> Iterator[Ruling]:
    """A job that ended before its expiry has sent its callback."""
    for job in history.accepted:
        if not is_due(history, job) or (not job.deliveries and was_unreachable(history, job)):
            continue
        if job.deliveries:
            yield None
            continue
        if may_be_unread(history, job):
            continue  # it came, and could not be read: that is CBK-5's
        elsewhere = came_elsewhere(history, job)
        yield job.finding(
            "CBK-1",
            "a callback at its callback_url",
            f"none; {f'it came to {elsewhere}' if elsewhere else _said_of_callback(job)}",
            at=job.terminal.at if job.terminal else None,
            advice=_why_none(history, job, elsewhere),
            cause=_kind_of_loss(job, elsewhere),
        )


def _kind_of_loss(job: JobRecord, elsewhere: str) -> str:
    if elsewhere:
        return "callback at another url"
    return f"no callback; told as {job.section.status if job.section else None}"


def _why_none(history: History, job: JobRecord, elsewhere: str) -> str:
    """What to look at, by what is known of a callback that did not come to its url."""
    said = job.section.status if job.section else None
    others = any(other.deliveries for other in history.accepted)
    known = (
        (bool(elsewhere), "send it to the job's own callback_url: see CBK-3"),
        (said == DELIVERED, "it says 'delivered', yet nothing came: see CBK-10"),
        (
            said in TRIED,
            "its attempts failed: can it reach the callback url (ASYNC_CALLBACK_BASE_URL)?",
        ),
        (
            others and not job.completed,
            "other callbacks arrived: send one on every end of a job, failures too",
        ),
        (
            said == EXPIRED,
            f"its expiry ({job.submitted.request.get('expiry')}) lay ahead: compare it with the "
            "present time, both in UTC",
        ),
        (said == SKIPPED, "the miner chose not to send: look at the condition for that"),
        (
            others,
            "other callbacks arrived, so the receiver can be reached: this one was forgotten, or "
            "its task died before it was sent",
        ),
    )
    advice = next((advice for so, advice in known if so), UNREACHED)
    nothing = "" if said in (DELIVERED, SKIPPED, EXPIRED) or elsewhere else nothing_came(history)
    return nothing or advice


def _said_of_callback(job: JobRecord) -> str:
    """The miner's own words: its status, and the code or the reason that it gives with it."""
    section = job.section
    if section is None or not section.status:
        return "the miner says nothing of it"
    code = "" if section.status_code is None else f" with status_code {section.status_code}"
    why = f": {section.error}" if section.error else ""
    return f"the miner says {section.status!r}{code}{why}"


@check("CBK-10", every_job=True)
def claimed_deliveries_arrived(history: History) -> Iterator[Ruling]:
    """Where the miner says ``delivered``, a callback was received and answered 2xx."""
    yield from unless_absent(
        history, _claimed_deliveries_arrived(history), "the miner claims no delivery"
    )


def _claimed_deliveries_arrived(history: History) -> Iterator[Ruling]:
    for job in owed_a_callback(history):
        if job.section is None or job.section.status != DELIVERED:
            continue
        if any(map(is_taken, job.deliveries)) or went_elsewhere(history, job):
            yield None
            continue
        elsewhere = came_elsewhere(history, job)
        yield job.finding(
            "CBK-10",
            "a callback received at its callback_url, since the miner says 'delivered'",
            _received_instead(job, elsewhere),
            at=job.terminal.at if job.terminal else None,
            advice="it had an answer, but not that of this job's callback_url: see CBK-3"
            if elsewhere
            else "the miner sets 'delivered' without a 2xx answer of the receiver",
            cause="delivered at another url" if elsewhere else "'delivered' but never received",
        )


def _received_instead(job: JobRecord, elsewhere: str) -> str:
    if got := ", ".join(str(d.answered or "not at all") for d in job.deliveries):
        return f"one that was answered {got}"
    return f"one at {elsewhere}" if elsewhere else "no callback at all"
