"""EXP: after its expiry a job sends no callback; nothing else changes."""

from collections.abc import Iterator
from datetime import datetime

from asyncproof.facts.answers import answer_to, broke_down, refused
from asyncproof.facts.delivery_outcome import sent_late
from asyncproof.facts.owing import EXPIRED
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.history import History, JobRecord
from asyncproof.vocabulary import TERMINAL
from asyncproof.wire import protocol
from asyncproof.workload.expiries import EXPIRY, Expiry

TRIED = frozenset({"delivered", "failed", "error"})
AHEAD = (Expiry.AHEAD, Expiry.OFFSET_AHEAD, Expiry.NAIVE_AHEAD)
PRECISION = 0.002  # seconds; expiries are told in milliseconds
WHOLE_SECOND = 1.0
PLAUSIBLE = 60.0  # seconds; a miner's clock that differs by more is no witness
BEYOND_DOUBT = 5.0  # seconds by our own clock, where the miner's says nothing


def of_kind(history: History, *kinds: Expiry) -> list[JobRecord]:
    """Jobs of these kinds that were answered."""
    return [j for j in history if j.tags.get(EXPIRY) in kinds and j.answered is not None]


def code_of(job: JobRecord) -> int | None:
    return job.answered.status_code if job.answered else None


def trouble_ahead(job: JobRecord) -> str:
    """What went wrong with a job whose expiry is far ahead; empty where nothing did."""
    if not job.accepted:
        return f"the job refused: {answer_to(job)}"
    told = job.section.status if job.section else None
    if job.terminal is not None and told is not None and told not in TRIED and not job.deliveries:
        return f"no callback; the miner says {told!r}"
    return ""


def trouble_past(job: JobRecord) -> str:
    """What went wrong with a job whose expiry had passed; empty where nothing did."""
    code = code_of(job)
    if not job.accepted:
        broken = code is not None and broke_down(code)
        return f"the submission answered {answer_to(job)}" if broken else ""
    if not job.deliveries:
        return ""
    came = job.deliveries[0].at
    told = any(p.at < came and p.callback and p.callback.status == EXPIRED for p in job.polls)
    though = ", though the miner had said 'expired'" if told else ""
    after = job.since_submission(came)
    return f"a callback all the same; it came {after:.1f} s after submission{though}"


def perhaps(history: History, advice: str) -> str:
    """Advice that goes by a guess; where no expiry at all is kept, that comes first."""
    ignored = any(job.accepted and job.deliveries for job in of_kind(history, Expiry.PAST))
    return f"see EXP-2 first; then perhaps {advice}" if ignored else f"perhaps {advice}"


def told_of(job: JobRecord, clause: str, trouble: str, advice: str) -> Finding:
    expiry, kind = job.submitted.request.get("expiry"), job.tags[EXPIRY]
    owed = "a callback, before" if kind in AHEAD else "no callback after"
    return job.finding(
        clause,
        f"{owed} its expiry {expiry} ({kind})",
        trouble,
        at=job.deliveries[0].at if job.deliveries else None,
        advice=advice,
        cause=f"{kind}: {trouble.split('; ', maxsplit=1)[0].split(': ', maxsplit=1)[0]}",
    )


@check("EXP-1")
def delivered_before_expiry(history: History) -> Iterator[Ruling]:
    """As long as its expiry is ahead, a job is delivered."""
    for job in of_kind(history, Expiry.AHEAD):
        trouble = trouble_ahead(job)
        yield (
            told_of(job, "EXP-1", trouble, "compare the expiry with the present time, both in UTC")
            if trouble
            else None
        )


@check("EXP-2")
def nothing_after_expiry(history: History) -> Iterator[Ruling]:
    """A job whose expiry had passed when it was submitted sends no callback."""
    for job in of_kind(history, Expiry.PAST):
        if refused(code_of(job)):
            yield NotApplicable("the miner refuses jobs that have expired already")
        elif job.accepted and job.terminal is not None:
            trouble = trouble_past(job)
            advice = "look at the expiry before the callback is sent"
            yield told_of(job, "EXP-2", trouble, advice) if trouble else None


@check("EXP-3")
def nothing_once_expired(history: History) -> Iterator[Ruling]:
    """A job whose expiry passes while it is at work sends no callback.

    A callback is late where the miner's clock (``completed_at``) and ours both say so.
    """
    jobs = of_kind(history, Expiry.PASSING)
    if jobs and all(refused(code_of(job)) for job in jobs):
        yield NotApplicable("the miner refuses jobs that expire so soon")
    taken = [job for job in jobs if job.accepted]
    if taken and all(_ended_early(history, job) for job in taken):
        yield NotApplicable("the miner was done with each of these jobs before its expiry passed")
    for job in jobs:
        expiry = _moment(job.submitted.request.get("expiry"))
        if expiry is None or not _ended_late(history, job, expiry):
            continue
        late = [d for d in job.deliveries if history.wall(d.began) > expiry]
        if late:
            after = history.wall(late[0].began) - expiry
            trouble = f"a callback all the same; it came {after:.2f} s too late"
            advice = "the expiry is looked at too early: look again when the job has ended"
            yield told_of(job, "EXP-3", trouble, perhaps(history, advice))
        elif not job.deliveries:
            yield None
    yield from _late_without_meaning_it(history)


def _ended_early(history: History, job: JobRecord) -> bool:
    """Whether the job had ended when its expiry passed, or so near it that nobody can tell."""
    expiry = _moment(job.submitted.request.get("expiry"))
    if expiry is None:
        return False
    sent = [history.wall(delivery.began) for delivery in job.deliveries]
    if sent and max(sent) <= expiry:
        return True
    return _told_end(history, job) is not None and not _ended_late(history, job, expiry)


def _late_without_meaning_it(history: History) -> Iterator[Ruling]:
    """Ordinary jobs have an expiry as well; most have long been delivered by then."""
    for job in history.accepted:
        late = sent_late(history, job)
        if late and EXPIRY not in job.tags:
            yield job.finding(
                "EXP-3",
                f"no callback after its expiry {job.submitted.request.get('expiry')}",
                f"one {job.since_submission(late[0].began):.1f} s after submission",
                at=late[0].at,
                advice="look at the expiry before each attempt, retries too",
                cause="an ordinary job, delivered after its expiry",
            )


def _moment(text: object) -> float | None:
    moment = protocol.timestamp(str(text))
    return moment.timestamp() if moment else None


def _ended_late(history: History, job: JobRecord, expiry: float) -> bool:
    """Whether the job ended after this moment, beyond doubt."""
    if job.terminal is None:
        return False
    told = _told_end(history, job)
    if told is not None:
        moment, doubt = told
        return moment > expiry + doubt
    return bool(job.deliveries) and history.wall(job.deliveries[0].began) > expiry + BEYOND_DOUBT


def _told_end(history: History, job: JobRecord) -> tuple[float, float] | None:
    """When the job ended by the miner's own clock, and how exactly that is told, both in seconds.

    None where the miner does not say, or where its clock is not ours.
    """
    end = job.terminal
    told = (end.completed_at or end.failed_at or "") if end is not None else ""
    moment = _aware(told)
    if end is None or moment is None:
        return None
    if abs(moment.timestamp() - history.wall(end.at)) >= PLAUSIBLE:
        return None
    return moment.timestamp(), PRECISION if "." in told else WHOLE_SECOND


def _aware(text: str) -> datetime | None:
    moment = protocol.timestamp(text)
    return moment if moment is not None and protocol.has_offset(text) else None


@check("EXP-4")
def offsets_are_understood(history: History) -> Iterator[Ruling]:
    """An expiry with an offset other than UTC is the moment that it names."""
    for job in of_kind(history, Expiry.OFFSET_AHEAD, Expiry.OFFSET_PAST):
        ahead = job.tags[EXPIRY] == Expiry.OFFSET_AHEAD
        trouble = trouble_ahead(job) if ahead else trouble_past(job)
        if not trouble and not job.accepted:
            trouble = f"the job refused: {answer_to(job)}"
        advice = "the offset is cut off, or the times are compared as texts"
        yield told_of(job, "EXP-4", trouble, perhaps(history, advice)) if trouble else None


@check("EXP-5")
def naive_expiries_break_nothing(history: History) -> Iterator[Ruling]:
    """An expiry without an offset is refused, or taken in some time zone; it breaks nothing."""
    for job in of_kind(history, Expiry.NAIVE_AHEAD, Expiry.NAIVE_PAST):
        if refused(code_of(job)):
            yield None
            continue
        ahead = job.tags[EXPIRY] == Expiry.NAIVE_AHEAD
        trouble = trouble_ahead(job) if ahead else trouble_past(job)
        advice = (
            "it was compared with a time that has an offset, which cannot be done: take a time "
            "without an offset as UTC"
        )
        yield told_of(job, "EXP-5", trouble, perhaps(history, advice)) if trouble else None


@check("EXP-6")
def malformed_expiries_are_refused(history: History) -> Iterator[Ruling]:
    """An expiry that is no time is refused with 4xx."""
    for job in of_kind(history, Expiry.MALFORMED):
        if refused(code_of(job)):
            yield None
            continue
        text = job.submitted.request.get("expiry")
        yield job.finding(
            "EXP-6",
            f"4xx for the expiry {text!r}",
            answer_to(job),
            at=job.answered.at if job.answered else None,
            advice="catch the error of what reads the time, and answer 4xx"
            if broke_down(code_of(job))
            else "read the expiry when the job is submitted, not when the callback is due",
            cause="broke down" if broke_down(code_of(job)) else "accepted",
        )


@check("EXP-7")
def expiry_is_told(history: History) -> Iterator[Ruling]:
    """Where no callback was sent because of the expiry, the section says ``expired``."""
    jobs = of_kind(history, Expiry.PAST)
    if jobs and all(refused(code_of(job)) for job in jobs):
        yield NotApplicable("the miner refuses jobs that have expired already")
    for job in jobs:
        told = job.section.status if job.section else None
        if job.deliveries or told is None:
            continue
        if told == EXPIRED:
            yield None
            continue
        yield job.finding(
            "EXP-7",
            "callback.status 'expired'",
            repr(told),
            at=job.polls[-1].at,
            advice="a client cannot tell an expired callback from a lost one otherwise",
            cause=f"called {told!r}",
        )


@check("EXP-8")
def expiry_leaves_the_job_alone(history: History) -> Iterator[Ruling]:
    """The expiry is that of the callback: the job is done all the same."""
    jobs = of_kind(history, Expiry.PAST, Expiry.PASSING)
    worked = any(job.completed for job in history)
    if jobs and all(refused(code_of(job)) for job in jobs):
        yield NotApplicable("the miner refuses jobs that have expired already")
    for job in jobs:
        if not job.accepted or job.final_status not in TERMINAL:
            continue
        if job.completed:
            yield None
            continue
        error = next((p.job_error for p in job.polls if p.job_error), "no reason given")
        if not (worked or "expir" in error.lower()):
            yield NotApplicable("no job completed, so nothing shows that the expiry is the cause")
            continue
        yield job.finding(
            "EXP-8",
            "completed: only the callback expires",
            f"{job.final_status}: {error}",
            at=job.polls[-1].at,
            advice="leave the job's state alone; say `expired` in the callback section only",
            cause=f"expired, so {job.final_status}",
        )
