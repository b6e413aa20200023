"""The outcomes: what became of each job's callback, from a history alone.

Where our own receiver was hostile, or so slow that the miner may have stopped waiting, more than
one outcome is right; what cannot be known for sure is never held against the miner.
"""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from asyncproof.history.events import (
    ActKind,
    Delivered,
)
from asyncproof.history.history import History, JobRecord
from asyncproof.text import counted
from asyncproof.vocabulary import TAKEN
from asyncproof.wire import protocol

# Seconds within which an answer of ours reaches a miner that has any patience at all.
PROMPT, HARDLY_HELD = 2.0, 1.0
# Seconds by which the clocks of the miner and of this machine may differ.
CLOCKS_DIFFER = 2.0


EXPLAINED = "the words are explained in docs/protocol.md, CBK"


class DeliveryOutcome(StrEnum):
    """What became of a job's callback."""

    NOT_DUE = "not due"
    LOST = "lost"
    ONCE = "once"
    DUPLICATE = "duplicate"
    LATE = "late"
    MIXED = "mixed"
    REFUSED = "refused by us"
    AMBIGUOUS = "ambiguous"


def is_taken(delivery: Delivered) -> bool:
    """We answered 2xx."""
    return delivery.answered in TAKEN


def is_surely_taken(delivery: Delivered) -> bool:
    """We answered 2xx, honestly and so soon that the miner must have seen it.

    A receiver that was to be slow, and was so for a moment only, has harmed nobody.
    """
    patience = HARDLY_HELD if delivery.nemesis else PROMPT
    prompt = delivery.at - delivery.began <= patience
    return is_taken(delivery) and prompt and not delivery.broken


def expires_at(job: JobRecord) -> float | None:
    """Unix time after which no callback may be sent; None where the job has no such time."""
    moment = protocol.timestamp(str(job.submitted.request.get("expiry", "")))
    return moment.timestamp() if moment else None


def is_due(history: History, job: JobRecord) -> bool:
    """The job asked for a callback and ended clearly before its expiry."""
    if not job.submitted.expects_callback or job.terminal is None:
        return False
    if "expiry" not in job.submitted.request:
        return True
    limit = expires_at(job)
    return limit is not None and history.wall(job.terminal.at) + CLOCKS_DIFFER < limit


def was_unreachable(history: History, job: JobRecord) -> bool:
    """We refused connections at some time between the job's submission and the last poll of it."""
    seen = job.polls[-1].at if job.polls else job.submitted.at
    return refused_connections(history, job.submitted.at, seen)


def refused_connections(history: History, since: float, until: float) -> bool:
    """We refused connections at some time between these two."""
    return any(down <= until and since <= up for down, up in _downtimes(history))


def _downtimes(history: History) -> Iterator[tuple[float, float]]:
    down: float | None = None
    for act in history.nemesis_acts:
        if act.kind is ActKind.REFUSES_CONNECTIONS:
            down = act.at
        elif act.kind is ActKind.ACCEPTS_AGAIN and down is not None:
            yield down, act.at
            down = None
    if down is not None:
        yield down, float("inf")


def went_elsewhere(history: History, job: JobRecord) -> bool:
    """The miner followed a redirect of ours to another host, which answers 200 to everything."""
    token = job.submitted.token
    return any(a.token == token and a.kind is ActKind.CAME_ELSEWHERE for a in history.nemesis_acts)


def came_elsewhere(history: History, job: JobRecord) -> str:
    """Where this job's callback came instead of its own url, in words; empty where none did."""
    others = (other for other in history.accepted if other.job_id != job.job_id)
    for other in others:
        for delivery in other.deliveries:
            if delivery.fields.get("job_id") == job.job_id:
                return f"the url of {other.shown}"
    for stray in history.orphans:
        if history.by_token.get(stray.secret_owner or "") is job:
            return f"{stray.method} {stray.path}"
    return ""


def repeated(job: JobRecord) -> list[Delivered]:
    """The first callback that was surely taken, and those of the same job that began after it.

    A repeat with the same delivery id is what a sender promises that delivers at least once.
    """
    mine = job.own_deliveries
    first = next((d for d in mine if is_surely_taken(d)), None)
    if first is None:
        return []
    later = [d for d in mine if d.began > first.at and not _is_marked(d, first)]
    return [first, *later] if later else []


def noticed_late(job: JobRecord) -> list[Delivered]:
    """The callback about the end that was surely taken, and notices of work that began after it.

    None where a callback of the job was not taken: it may be one of those that come again then.
    """
    if not all(map(is_taken, job.callbacks)):
        return []
    first = next((d for d in job.own_deliveries if is_surely_taken(d)), None)
    known = {notice.delivery_id for notice in job.notices if first and notice.began <= first.at}
    late = [
        notice
        for notice in job.notices
        if first and notice.began > first.at and notice.delivery_id not in known - {""}
    ]
    return [first, *late] if first and late else []


def _is_marked(delivery: Delivered, first: Delivered) -> bool:
    return bool(first.delivery_id) and delivery.delivery_id == first.delivery_id


def sent_late(history: History, job: JobRecord) -> list[Delivered]:
    """Callbacks that began clearly after the expiry of their job."""
    limit = expires_at(job)
    if limit is None:
        return []
    return [d for d in job.deliveries if history.wall(d.began) > limit + CLOCKS_DIFFER]


def outcome(history: History, job: JobRecord) -> DeliveryOutcome:
    """What became of the callback of a job that was accepted."""
    return next(found for found, is_so in _readings(history, job) if is_so)


def _readings(history: History, job: JobRecord) -> Iterator[tuple[DeliveryOutcome, bool]]:
    """Every outcome with whether it is the job's; the first that is counts."""
    sent = job.deliveries
    foreign = any(d.secret_owner is not None for d in sent)
    yield DeliveryOutcome.MIXED, foreign or len(job.own_deliveries) < len(sent)
    yield DeliveryOutcome.LATE, bool(sent_late(history, job))
    yield DeliveryOutcome.DUPLICATE, bool(repeated(job))
    yield DeliveryOutcome.ONCE, any(map(is_surely_taken, sent))
    yield (
        DeliveryOutcome.AMBIGUOUS,
        any(d.stored and (is_taken(d) or d.answered is None) for d in sent),
    )
    yield DeliveryOutcome.REFUSED, bool(sent) or was_unreachable(history, job)
    yield DeliveryOutcome.LOST, is_due(history, job)
    yield DeliveryOutcome.NOT_DUE, True


def outcomes(history: History) -> Counter[str]:
    """How many jobs met which outcome, and how many callbacks were orphans."""
    fates = Counter(str(outcome(history, job)) for job in history.accepted)
    if history.orphans:
        fates["orphan"] = len(history.orphans)
    return fates


def told(history: History) -> str:
    """The outcomes in one line, for people; empty where no job was accepted."""
    fates = outcomes(history)
    counts = ", ".join(f"{count} {name}" for name, count in fates.most_common())
    jobs = len(history.accepted)
    unclear = not fates.keys() <= {
        DeliveryOutcome.ONCE,
        DeliveryOutcome.LOST,
        DeliveryOutcome.NOT_DUE,
    }
    explained = f" ({EXPLAINED})" if unclear else ""
    return f"Callbacks of {counted(jobs, 'job')}: {counts}{explained}" if fates else ""
