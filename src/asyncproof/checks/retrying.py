"""CBK: how often, when and with what a miner tries to deliver."""

from collections.abc import Iterator
from math import inf

from asyncproof.facts.delivery_outcome import expires_at, is_surely_taken, refused_connections
from asyncproof.facts.observer import delay
from asyncproof.facts.owing import unless_absent
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.events import Delivered, Polled
from asyncproof.history.history import History, JobRecord
from asyncproof.history.job_health import shown_percent
from asyncproof.liveness.promised_retries import LONGEST_PROMISE, retry_wait
from asyncproof.vocabulary import CALLBACK_FIELDS
from asyncproof.wire.lacking import NO_RETRIES

MOST_IN_A_SECOND = 5
MOST_ATTEMPTS = 20
# A poll that left this long after the delivery had ended shows a state that is newer than it.
SETTLED = 0.2


@check("CBK-15", every_job=True)
def not_delivered_while_worked_on(history: History) -> Iterator[Ruling]:
    """After its callback, a job is neither queued nor does its progress go on."""
    for job in history.accepted:
        if job.delivery is None:
            continue
        working = _still_working(job, job.delivery)
        if working is None:
            yield None
        else:
            percent = working.progress
            progress = "" if percent is None else f", {shown_percent(percent)} %"
            yield job.finding(
                "CBK-15",
                "the callback after the work, not before",
                f"a callback {job.since_submission(job.delivery.at):.1f} s after submission; "
                f"at {job.since_submission(working.at):.1f} s the status still said "
                f"{working.status}{progress}",
                at=working.at,
                advice="either the callback goes out too early, or the status is shown late: a "
                "cache, or a slow writer of progress (`processing` until the callback was sent is "
                "fine, progress that goes on is not)",
                cause="delivered while worked on",
            )


def _still_working(job: JobRecord, delivery: Delivered) -> Polled | None:
    """A poll that left after the delivery and shows work that is plainly not over."""
    before = [p.progress for p in job.polls if p.at <= delivery.at and p.progress is not None]
    known = max(before, default=None)
    for poll in job.polls:
        if poll.at - poll.took < delivery.at + SETTLED:
            continue
        moves = known is not None and poll.progress is not None and known < poll.progress < 100
        if poll.status == "queued" or (poll.status == "processing" and moves):
            return poll
    return None


@check("CBK-22", every_job=True)
def no_retry_storm(history: History) -> Iterator[Ruling]:
    """A receiver that refuses is not hammered."""
    yield from unless_absent(history, _no_retry_storm(history), "no callback reached us")


def _no_retry_storm(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        if not job.deliveries:
            continue
        densest = max(_within_a_second(job.deliveries, d) for d in job.deliveries)
        if densest <= MOST_IN_A_SECOND and len(job.deliveries) <= MOST_ATTEMPTS:
            yield None
        else:
            yield job.finding(
                "CBK-22",
                f"at most {MOST_IN_A_SECOND} attempts in a second and {MOST_ATTEMPTS} in all",
                f"{densest} in a second, {len(job.deliveries)} in all",
                at=job.deliveries[-1].at,
                advice="wait longer before each further attempt, and stop after some",
                cause="a retry storm",
            )


def _within_a_second(attempts: list[Delivered], first: Delivered) -> int:
    return sum(first.began <= d.began < first.began + 1 for d in attempts)


@check("CBK-23", every_job=True)
def retries_carry_the_same(history: History) -> Iterator[Ruling]:
    """What is sent again after an error answer is what was sent before."""
    yield from unless_absent(history, _retries_carry_the_same(history), "nothing was sent again")


def _retries_carry_the_same(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        taken = next((d.at for d in job.own_deliveries if is_surely_taken(d)), inf)
        whole = [d for d in job.own_deliveries if d.stored and d.began <= taken]
        for again in whole[1:]:
            differing = _differing(whole[0], again)
            if not differing:
                yield None
            else:
                yield job.finding(
                    "CBK-23",
                    "the same fields and the same picture in each attempt",
                    f"another {' and another '.join(differing)} in a later one",
                    at=again.at,
                    advice="build the body once and keep it for further attempts",
                    cause=f"a retry with another {differing[0]}",
                )


def _differing(first: Delivered, again: Delivered) -> list[str]:
    """What of the payload differs. Other fields may be about the delivery itself (`attempt`)."""
    fields = [n for n in CALLBACK_FIELDS if first.fields.get(n) != again.fields.get(n)]
    pictures = [d.image.sha256 if d.image else "" for d in (first, again)]
    return fields + (["picture"] if pictures[0] != pictures[1] else [])


@check("CBK-32", every_job=True)
def promised_retries_come(history: History) -> Iterator[Ruling]:
    """A delivery that our receiver failed comes again, as the profile promises."""
    dialect = history.started.dialect if history.started else None
    promised = dialect.retry_within if dialect else None
    wait = retry_wait(promised)
    if not history.accepted:
        return
    if promised is None:
        yield NotApplicable(NO_RETRIES)
    elif wait is None:
        yield NotApplicable(
            f"not judged: its first retry is promised within {promised:g} s, and a run waits for "
            f"those that come within {LONGEST_PROMISE:g} s"
        )
    else:
        rulings = _promised_retries_come(history, promised, wait)
        yield from unless_absent(history, rulings, "our receiver failed no callback on purpose")


def _promised_retries_come(history: History, promised: float, wait: float) -> Iterator[Ruling]:
    for job in history.accepted:
        attempt = _failed_first(job)
        if attempt is None:
            continue
        again = min((d.began for d in job.deliveries if d.began > attempt.began), default=inf)
        due = attempt.at + wait + delay(history, attempt.at, attempt.at + wait)
        if again <= due:
            yield None
        elif why := _why_not_judged(history, job, attempt, due):
            yield NotApplicable(f"not judged: {why}")
        else:
            yield _not_tried_again(job, attempt, promised, due, again)


def _failed_first(job: JobRecord) -> Delivered | None:
    """The first attempt at a job's callback, where our receiver failed it."""
    first = min(job.deliveries, key=lambda delivery: delivery.began, default=None)
    return first if first is not None and first.was_failed else None


def _why_not_judged(history: History, job: JobRecord, attempt: Delivered, due: float) -> str:
    """Why a retry that did not come by then proves nothing; empty where it does."""
    # Until then our receiver was there for certain: it stops before a run ends.
    known_until = max(history.finished or 0.0, attempt.at)
    # A retry is known once it is over, and may be held as long as the first attempt was.
    if known_until < due + attempt.at - attempt.began:
        return f"the run ended {known_until - attempt.at:.1f} s after the first attempt"
    if refused_connections(history, attempt.at, due):
        return "our receiver was down when the retry was due"
    limit = expires_at(job)
    if "expiry" in job.submitted.request and (limit is None or history.wall(due) >= limit):
        return "the callback expired before the retry was due"
    return ""


def _not_tried_again(
    job: JobRecord, attempt: Delivered, promised: float, due: float, again: float
) -> Finding:
    """``again`` is when the next attempt began; infinite where there was none."""
    answered = (
        f"answered {attempt.answered}"
        if attempt.answered is not None
        else f"gave no answer ({attempt.broken})"
    )
    never = again == inf
    came = (
        f"no other attempt in {due - attempt.at:.1f} s"
        if never
        else f"the next attempt {again - attempt.at:.1f} s"
    )
    return job.finding(
        "CBK-32",
        f"the callback once more within {promised:g} s, as [callback] retry_within of the profile "
        "promises",
        f"{came} after our receiver {answered}",
        at=due if never else again,
        advice="keep a callback that was answered 5xx, or not at all, and send it again after a "
        "pause; if this server does not promise that, take retry_within out of the profile",
        cause="no retry" if never else "a retry later than promised",
    )


@check("SCH-7", every_job=True)
def no_job_runs_twice(history: History) -> Iterator[Ruling]:
    """No job ends twice: its callbacks tell of one end."""
    for job in history.accepted:
        ends = {d.fields["completed_at"] for d in job.own_deliveries if "completed_at" in d.fields}
        if len(ends) == 1:
            yield None
        elif len(ends) > 1:
            yield job.finding(
                "SCH-7",
                "the job to run once",
                f"callbacks with {len(ends)} completed_at times: {', '.join(sorted(ends))}",
                at=job.own_deliveries[-1].at,
                advice="two workers took the job, or it was put back although it had finished",
                cause="executed more than once",
            )
