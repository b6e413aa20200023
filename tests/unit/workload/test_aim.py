"""The load that aims: it climbs to the most that is allowed, and goes where jobs nearly met."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.workload.aim import Aim


def sent_in_rounds(aim: Aim, jobs: int, near: int = 0) -> list[int]:
    """The most in flight in each round of jobs that all end before the next; those of a round of
    ``near`` jobs are near-misses."""
    rounds, sent = list[int](), 0
    while sent < jobs:
        in_flight = 0
        while aim.wait(0.0, sent, in_flight) == 0.0 and in_flight < aim.most:
            sent += 1
            in_flight += 1
        rounds.append(in_flight)
        for _ in range(in_flight):
            aim.ended(near=in_flight == near)
    return rounds


def test_the_climb_reaches_every_level_soon() -> None:
    rounds = sent_in_rounds(Aim(most=80, seed=1), 400)
    assert rounds[0] == 10
    assert {10, 20, 40, 80} <= set(rounds)
    assert rounds.index(80) < 12


def test_it_stays_where_jobs_nearly_met() -> None:
    rounds = Counter(sent_in_rounds(Aim(most=40, seed=3), 4_000, near=4))
    assert rounds[4] > sum(count for size, count in rounds.items() if size != 4)


@given(st.integers(1, 200), st.integers(0, 10**6), st.data())
def test_it_never_has_more_in_flight_than_is_allowed_and_never_stands_still(
    most: int, seed: int, data: st.DataObject
) -> None:
    aim, in_flight = Aim(most, seed), 0
    for _ in range(100):
        if aim.wait(0.0, 0, in_flight) == 0.0:
            in_flight += 1
            assert in_flight <= most
        else:
            assert in_flight > 0
            for _ in range(data.draw(st.integers(1, in_flight))):
                in_flight -= 1
                aim.ended(near=data.draw(st.booleans()))


@pytest.mark.parametrize("most", [1, 2, 9, 10, 64])
def test_the_same_seed_sends_the_same(most: int) -> None:
    assert sent_in_rounds(Aim(most, 5), 200) == sent_in_rounds(Aim(most, 5), 200)
