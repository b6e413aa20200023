"""Percentiles in constant memory: as exact ones, to 1 %."""

from hypothesis import given
from hypothesis import strategies as st

from asyncproof.liveness.sketch import ACCURACY, Sketch
from asyncproof.liveness.statistics import quantile

SECONDS = st.lists(st.floats(1e-6, 1e5), min_size=1, max_size=200)


def of(values: list[float]) -> Sketch:
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    return sketch


@given(SECONDS, st.sampled_from([1, 50, 95, 99, 100]))
def test_a_percentile_is_off_by_one_percent_at_most(values: list[float], percent: int) -> None:
    exact = quantile(values, percent)
    assert abs(of(values).percentile(percent) - exact) <= ACCURACY * exact * 1.0001
    assert of(values).largest == max(values)


@given(SECONDS, SECONDS)
def test_two_sketches_add_up(one: list[float], other: list[float]) -> None:
    together = of(one)
    together.merge(of(other))
    assert together == of([*one, *other])


def test_memory_does_not_grow_with_the_number_of_values() -> None:
    assert len(of([n / 1000 for n in range(1, 100_000)]).counts) < 1_000
    assert Sketch().percentile(50) == 0.0
