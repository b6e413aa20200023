"""Load shapes: the times at which jobs may leave, as a table, without a clock."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.workload.shapes import AtRate, Bursts, Departures, InFlight, Load, stages

OPEN = Load(concurrency=10_000, rate=10.0, seconds=100.0, seed=7)
CLOSED = Load(concurrency=10, seconds=100.0)


def times(shape: AtRate, count: int) -> list[float]:
    return [shape.due(n) for n in range(count)]


def test_a_steady_rate_sends_evenly_whatever_is_in_flight() -> None:
    steady = AtRate(((0.0, 10.0),))
    assert times(steady, 4) == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert steady.wait(0.05, 1, in_flight=9999) == pytest.approx(0.05)
    assert steady.wait(0.25, 2, in_flight=9999) == 0.0
    assert steady.late(0.25, 2) == pytest.approx(0.05)


def test_a_ramp_sends_as_many_as_the_area_below_it() -> None:
    ramp = AtRate(((0.0, 0.0), (10.0, 10.0)))
    assert ramp.due(0) == 0.0
    assert ramp.due(50) == pytest.approx(10.0)  # half of 10 s x 10 a second
    assert ramp.due(60) == pytest.approx(11.0)  # level from there on


def test_a_burst_leaves_at_once_and_the_next_when_all_have_ended() -> None:
    burst = Bursts(3)
    assert [burst.wait(0.0, sent, sent) for sent in range(4)] == [0.0, 0.0, 0.0, None]
    assert burst.wait(9.0, 3, 0) == 0.0


def test_a_closed_shape_waits_for_an_end_or_for_its_level_to_rise() -> None:
    level, rising = InFlight(((0.0, 2.0),)), InFlight(((0.0, 1.0), (10.0, 11.0)))
    assert (level.wait(0.0, 1, 1), level.wait(0.0, 2, 2)) == (0.0, None)
    assert rising.wait(0.0, 1, 1) == pytest.approx(1.0)
    assert rising.wait(1.0, 1, 1) == 0.0
    assert rising.wait(50.0, 99, 11) is None


def test_stages_count_from_their_own_beginning() -> None:
    plan = Departures(stages("steady:10s,burst:5s,steady", OPEN))
    assert plan.at(9.9, 99).number == 0
    burst = plan.at(10.0, 100)
    assert (burst.number, burst.sent_before) == (1, 100)
    assert burst.wait(11.0, 100 + OPEN.concurrency, in_flight=5) == pytest.approx(4.0)
    last = burst.at(15.0, 120)
    assert last.wait(15.05, 121, in_flight=5) == pytest.approx(0.05)


def test_a_spike_rises_to_the_level_and_falls_again() -> None:
    (spike,) = stages("spike", CLOSED).stages
    allowed = [
        max(n for n in range(1, 30) if spike.shape.wait(at, 0, n - 1) == 0.0)
        for at in (0.0, 30.0, 50.0, 80.0)
    ]
    assert allowed == [2, 2, 10, 2]


@pytest.mark.parametrize("text", ["", "flood", "burst:x", "ramp,steady", "burst:5d"])
def test_a_shape_that_is_none_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match=r"ramp:30s|needs a length"):
        stages(text, OPEN)


@given(st.integers(0, 2**32), st.floats(0.1, 1000.0), st.integers(1, 500))
def test_chance_keeps_the_rate_and_the_order_and_repeats(seed: int, rate: float, n: int) -> None:
    points = ((0.0, rate),)
    drawn = times(AtRate(points, str(seed)), n)
    assert drawn == sorted(drawn) == times(AtRate(points, str(seed)), n)
    assert abs(drawn[-1] - n / rate) <= 64 / rate
    assert len(set(times(AtRate(points, "1"), 20)) & set(times(AtRate(points, "2"), 20))) == 0


@given(
    st.sampled_from(["burst", "steady", "ramp", "spike", "soak", "ramp:3s,spike:4s,soak"]),
    st.sampled_from([OPEN, CLOSED]),
    st.lists(st.floats(0.0, 5.0), max_size=50),
)
def test_every_shape_lets_a_job_go_in_the_end_where_none_is_in_flight(
    text: str, load: Load, moments: list[float]
) -> None:
    """With nothing in flight no shape waits for an end, and each wait is finite."""
    plan, elapsed, sent = Departures(stages(text, load)), 0.0, 0
    for moment in [*moments, 0.0]:
        elapsed += moment
        plan = plan.at(elapsed, sent)
        wait = plan.wait(elapsed, sent, 0)
        assert wait is not None
        assert 0.0 <= wait < inf
        sent += wait == 0.0
