"""A shift of durations is found where there is one, and its interval is honest."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.facts.shift import FEWEST, MOST, shift

DURATIONS = st.lists(st.floats(0, 100), min_size=FEWEST, max_size=40)


def durations(count: int, seed: int, more: float = 0.0) -> list[float]:
    chance = random.Random(seed)
    return [chance.lognormvariate(0, 0.5) + more for _ in range(count)]


def test_a_shift_is_measured() -> None:
    found = shift(durations(200, 1), durations(200, 2, more=0.5))
    assert found is not None
    assert found.is_seen
    assert found.low < 0.5 < found.high
    assert found.middle == pytest.approx(0.5, abs=0.15)


def test_the_interval_of_equal_durations_misses_zero_one_time_in_twenty() -> None:
    found = [shift(durations(30, 2 * n), durations(30, 2 * n + 1)) for n in range(400)]
    missed = sum(each is not None and each.is_seen for each in found)
    assert 8 <= missed <= 32  # 20 expected; 2.7 standard deviations to either side


def test_a_known_case() -> None:
    """Hollander & Wolfe, table 4.1: permeability constants of two groups of 10 and 5."""
    term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    early = [1.15, 0.88, 0.90, 0.74, 1.21]
    found = shift(term, early)
    assert found is not None
    assert found.middle == pytest.approx(-0.305)


@given(DURATIONS, DURATIONS)
def test_swapping_the_sides_turns_the_sign(one: list[float], other: list[float]) -> None:
    there, back = shift(one, other), shift(other, one)
    assert there is not None
    assert back is not None
    assert there.low <= there.middle <= there.high
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


def test_too_few_say_nothing() -> None:
    assert shift([1.0] * (FEWEST - 1), [1.0] * 100) is None


def test_very_many_are_thinned() -> None:
    found = shift(durations(20 * MOST, 1), durations(20 * MOST, 2, more=0.2))
    assert found is not None
    assert found.middle == pytest.approx(0.2, abs=0.02)
