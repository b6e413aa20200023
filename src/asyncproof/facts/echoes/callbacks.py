"""What a callback that is missing, wrong or elsewhere makes of other clauses."""

from collections.abc import Iterator

from asyncproof.facts.delivery_outcome import came_elsewhere
from asyncproof.facts.judged_run import HANGS, JudgedRun, Pair
from asyncproof.facts.owing import DELIVERED
from asyncproof.history.history import JobRecord
from asyncproof.workload.expiries import EXPIRY, Expiry

REFUSED_BY_US = frozenset({401, 403})
PAST = frozenset({Expiry.PASSING, Expiry.OFFSET_PAST, Expiry.NAIVE_PAST})


def callbacks_that_never_come(seen: JudgedRun) -> Iterator[Pair]:
    """No job of the run was delivered: it is not for what was special about some of them."""
    if not any(job.deliveries for job in seen.history):
        for cause in seen.of("CBK-1")[:1]:
            for echo in seen.of("EXP-1", "EXP-4", "EXP-5", "CBK-16", "CBK-19"):
                yield echo, cause


def callbacks_that_other_jobs_miss_too(seen: JudgedRun) -> Iterator[Pair]:
    """The miner says the same of other jobs, so it is not for what was special about this one."""
    missed = ((job, cause) for cause in seen.of("CBK-1") if (job := seen.job(cause)))
    by_word = {_said_of_callback(job): cause for job, cause in missed}
    for echo in seen.of("EXP-1", "EXP-4", "EXP-5", "CBK-19"):
        job = seen.job(echo)
        if job is None or job.deliveries:
            continue
        if (word := _said_of_callback(job)) != DELIVERED and word in by_word:
            yield echo, by_word[word]


def _said_of_callback(job: JobRecord) -> str:
    return (job.section.status if job.section else None) or ""


def a_receiver_that_holds_up_all(seen: JudgedRun) -> Iterator[Pair]:
    """Jobs beside a slow receiver wait with it."""
    scenarios = {job.scenario: cause for cause in seen.of("CBK-21") if (job := seen.job(cause))}
    for echo in seen.of(*HANGS, "CBK-1", "CBK-11", "CBK-16", "SCH-8", "SCH-2"):
        job = seen.job(echo)
        if job is not None and job.scenario in scenarios:
            yield echo, scenarios[job.scenario]


def a_callback_at_another_url(seen: JudgedRun) -> Iterator[Pair]:
    """It is missed where it should have come."""
    # What the miner says is of the url that it sent to.
    said = ("CBK-10", "CBK-11", "CBK-12", "CBK-13", "CBK-19")
    yield from seen.each(
        ("CBK-1", "CBK-32", *said), ("CBK-3",), lambda job: came_elsewhere(seen.history, job)
    )
    yield from seen.same_job(said, ("CBK-3",))


def a_refused_secret(seen: JudgedRun) -> Iterator[Pair]:
    """A callback that we refused for its secret is not missing."""
    yield from seen.each(
        ("CBK-1",),
        ("CBK-2",),
        lambda job: job.section and job.section.status_code in REFUSED_BY_US,
    )


def a_callback_that_cannot_be_read(seen: JudgedRun) -> Iterator[Pair]:
    """Nobody knows whose it is, so it is nobody's and somebody misses it."""
    unreadable = [d for d in seen.history.orphans if d.broken or d.problems]
    for cause in seen.of("CBK-5")[:1]:
        for echo in seen.of("CBK-25"):
            if any(echo.at == delivery.at for delivery in unreadable):
                yield echo, cause
    if unreadable:
        yield from seen.each(("CBK-1",), ("CBK-5",), lambda job: not job.submitted.token)
    yield from seen.same_job(("CBK-6", "CBK-8"), ("CBK-5",))


def a_callback_that_tells_another_end(seen: JudgedRun) -> Iterator[Pair]:
    """What is owed in it goes by the end that it tells."""
    yield from seen.same_job(("CBK-6", "CBK-8", "CBK-24"), ("CBK-7",))


def a_delivery_that_is_only_claimed(seen: JudgedRun) -> Iterator[Pair]:
    yield from seen.same_job(("CBK-1",), ("CBK-10",))
    yield from seen.each(("EXP-7",), ("CBK-10",), _is_claimed)
    # Of a job whose status is not judged, as other jobs have its id.
    yield from seen.each(
        ("CBK-1",), ("CBK-10",), lambda job: _is_claimed(job) and not job.deliveries
    )


def _is_claimed(job: JobRecord) -> bool:
    return _said_of_callback(job) == DELIVERED


def a_job_that_ran_twice(seen: JudgedRun) -> Iterator[Pair]:
    """It has two deliveries, and its status tells of one of them."""
    yield from seen.same_job(("CBK-4", "CBK-11", "CBK-23"), ("SCH-7",))


def an_expiry_that_is_ignored(seen: JudgedRun) -> Iterator[Pair]:
    """Where no expiry is kept, it does not matter how it is written, nor what is said of it."""
    yield from seen.same_job(("CBK-11",), ("EXP-2",))
    yield from seen.each(
        ("EXP-3", "EXP-4", "EXP-5", "CBK-11"),
        ("EXP-2",),
        lambda job: job.deliveries and job.tags.get(EXPIRY) in PAST,
    )
