"""A load is made smaller for as long as it fails."""

from collections.abc import Callable

import pytest

from asyncproof.stress.shrinking import StressLoad, Tried, enough_jobs, shrunk

GIVEN = StressLoad(jobs=500, concurrency=50)


def smallest(fails: Callable[[StressLoad], int | None]) -> tuple[StressLoad | None, int]:
    """The last load that failed, and how many tries it took."""
    tries = list(shrunk(GIVEN, 100, fails))
    failed = [tried.load for tried in tries if tried.failed_after is not None]
    return (failed[-1] if failed else None), len(tries)


@pytest.mark.parametrize("needed", [1, 2, 7, 50])
def test_as_few_in_flight_as_it_takes(needed: int) -> None:
    load, tries = smallest(lambda load: needed if load.concurrency >= needed else None)
    assert load == StressLoad(needed, needed, loras=False)
    assert tries < 20


def test_loras_stay_where_it_fails_with_them_only() -> None:
    load, _ = smallest(lambda load: 40 if load.loras and load.jobs >= 40 else None)
    assert load == StressLoad(40, 1, loras=True)


def test_a_load_that_does_not_fail_again_is_tried_three_times() -> None:
    assert smallest(lambda _: None) == (None, 3)


def test_a_failure_that_needs_many_jobs_keeps_them() -> None:
    load, _ = smallest(lambda load: 80 if load.jobs >= 80 else None)
    assert load == StressLoad(80, 1, loras=False)


def test_how_many_jobs_show_a_failure() -> None:
    assert enough_jobs(1, 100) == 299
    assert enough_jobs(90, 100) == 10
    assert enough_jobs(1, 10**6) == 20_000


def test_a_try_in_words() -> None:
    assert str(Tried(StressLoad(10, 2, loras=False), 3)) == (
        "10 jobs, 2 in flight, without LoRAs: fails after 3"
    )
    assert str(Tried(StressLoad(10, 2), None)) == "10 jobs, 2 in flight: does not fail"
