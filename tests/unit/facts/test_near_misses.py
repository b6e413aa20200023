"""Near-misses: callbacks of two jobs within a moment, and ends out of order."""

from itertools import chain

from asyncproof.facts.near_misses import NearMisses
from asyncproof.history.events import Settled
from tests.support.histories import good_job


def seen(*begins: float) -> NearMisses:
    """Jobs that were sent at these times; each is delivered 1.4 to 1.5 s later."""
    jobs = [good_job(f"job_{n}", at) for n, at in enumerate(begins)]
    ends = [Settled(at=at + 2.0, job=f"job_{n}") for n, at in enumerate(begins)]
    misses = NearMisses()
    for event in sorted([*chain(*jobs), *ends], key=lambda e: e.at):
        misses.take(event)
    return misses


def test_jobs_that_end_far_apart_do_not_meet() -> None:
    misses = seen(0.0, 5.0, 10.0)
    assert (misses.count, misses.jobs, misses.overtaken) == (0, 3, 0)


def test_two_that_end_together_have_both_met_another() -> None:
    assert seen(0.0, 0.05, 9.0).count == 2


def test_an_end_out_of_order_is_counted() -> None:
    early, late = good_job("early", 0.0), good_job("late", 0.1)
    misses = NearMisses()
    for event in (early[0], late[0], late[4], early[4]):
        misses.take(event)
    assert misses.overtaken == 1


def test_nothing_is_kept_of_jobs_that_have_settled() -> None:
    misses = seen(*(n * 2.0 for n in range(20)))
    assert not misses._order
    assert not misses._by_token
    assert not misses._near
