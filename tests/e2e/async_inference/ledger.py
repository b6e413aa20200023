"""The ledger: what became of each job's callback, from a history alone.

Where our own receiver was hostile, or so slow that the miner may have stopped waiting, more than
one outcome is right; what cannot be known for sure is never held against the miner.
"""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.events import (
    ACCEPTS_AGAIN,
    CAME_ELSEWHERE,
    REFUSES_CONNECTIONS,
    Delivered,
)
from tests.e2e.async_inference.run_history import JobRecord, RunHistory

# Seconds within which an answer of ours reaches a miner that has any patience at all.
PROMPT = 2.0
# Seconds by which the clocks of the miner and of this machine may differ.
CLOCKS_DIFFER = 2.0


EXPLAINED = "the words are explained in docs/protocol.md, CBK"


class Fate(StrEnum):
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
    return delivery.answered is not None and 200 <= delivery.answered < 300


def is_surely_taken(delivery: Delivered) -> bool:
    """We answered 2xx, honestly and so soon that the miner must have seen it."""
    prompt = delivery.at - delivery.began <= PROMPT
    return is_taken(delivery) and prompt and not delivery.broken and not delivery.nemesis


def expires_at(job: JobRecord) -> float | None:
    """Unix time after which no callback may be sent; None where the job has no such time."""
    moment = protocol.timestamp(str(job.submitted.request.get("expiry", "")))
    return moment.timestamp() if moment else None


def is_due(history: RunHistory, job: JobRecord) -> bool:
    """The job asked for a callback and ended clearly before its expiry."""
    if not job.submitted.expects_callback or job.terminal is None:
        return False
    if "expiry" not in job.submitted.request:
        return True
    limit = expires_at(job)
    return limit is not None and history.wall(job.terminal.at) + CLOCKS_DIFFER < limit


def was_unreachable(history: RunHistory, job: JobRecord) -> bool:
    """We refused connections at some time between the job's submission and the last poll of it."""
    seen = job.polls[-1].at if job.polls else job.submitted.at
    return any(down <= seen and job.submitted.at <= up for down, up in _downtimes(history))


def _downtimes(history: RunHistory) -> Iterator[tuple[float, float]]:
    down: float | None = None
    for act in history.nemesis_acts:
        if act.act == REFUSES_CONNECTIONS:
            down = act.at
        elif act.act == ACCEPTS_AGAIN and down is not None:
            yield down, act.at
            down = None
    if down is not None:
        yield down, float("inf")


def went_elsewhere(history: RunHistory, job: JobRecord) -> bool:
    """The miner followed a redirect of ours to another host, which answers 200 to everything."""
    token = job.submitted.token
    return any(a.token == token and CAME_ELSEWHERE in a.act for a in history.nemesis_acts)


def repeated(job: JobRecord) -> list[Delivered]:
    """The first callback that was surely taken, and those of the same job that began after it."""
    mine = job.own_deliveries
    first = next((d for d in mine if is_surely_taken(d)), None)
    if first is None:
        return []
    later = [d for d in mine if d.began > first.at]
    return [first, *later] if later else []


def sent_late(history: RunHistory, job: JobRecord) -> list[Delivered]:
    """Callbacks that began clearly after the expiry of their job."""
    limit = expires_at(job)
    if limit is None:
        return []
    return [d for d in job.deliveries if history.wall(d.began) > limit + CLOCKS_DIFFER]


def fate(history: RunHistory, job: JobRecord) -> Fate:
    """What became of the callback of a job that was accepted."""
    return next(found for found, is_so in _readings(history, job) if is_so)


def _readings(history: RunHistory, job: JobRecord) -> Iterator[tuple[Fate, bool]]:
    """Every fate with whether it is the job's; the first that is counts."""
    sent = job.deliveries
    foreign = any(d.secret.startswith("of ") for d in sent)
    yield Fate.MIXED, foreign or len(job.own_deliveries) < len(sent)
    yield Fate.LATE, bool(sent_late(history, job))
    yield Fate.DUPLICATE, bool(repeated(job))
    yield Fate.ONCE, any(map(is_surely_taken, sent))
    yield Fate.AMBIGUOUS, any(d.stored and (is_taken(d) or d.answered is None) for d in sent)
    yield Fate.REFUSED, bool(sent) or was_unreachable(history, job)
    yield Fate.LOST, is_due(history, job)
    yield Fate.NOT_DUE, True


def ledger(history: RunHistory) -> Counter[str]:
    """How many jobs met which fate, and how many callbacks were orphans."""
    fates = Counter(str(fate(history, job)) for job in history.accepted)
    if history.orphans:
        fates["orphan"] = len(history.orphans)
    return fates


def told(history: RunHistory) -> str:
    """The ledger in one line, for people; empty where no job was accepted."""
    fates = ledger(history)
    counts = ", ".join(f"{count} {name}" for name, count in fates.most_common())
    jobs = len(history.accepted)
    unclear = not fates.keys() <= {Fate.ONCE, Fate.LOST, Fate.NOT_DUE}
    explained = f" ({EXPLAINED})" if unclear else ""
    return f"Callbacks of {jobs} job{'s' * (jobs != 1)}: {counts}{explained}" if fates else ""
