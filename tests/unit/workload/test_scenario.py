"""Load shapes are arithmetic: no clock, no sleeping, one table."""

import pytest

from asyncproof.workload.scenario import AtOnce, Burst, Shape, Steady, a_job


@pytest.mark.parametrize(
    ("shape", "elapsed", "sent", "in_flight", "wait"),
    [
        (Burst(), 0.0, 0, 0, 0.0),
        (Burst(), 9.0, 49, 49, 0.0),
        (Steady(10), 0.0, 0, 0, 0.0),
        (Steady(10), 0.0, 1, 1, 0.1),
        (Steady(10), 0.05, 1, 1, 0.05),
        (Steady(10), 5.0, 1, 1, 0.0),
        (AtOnce(1), 0.0, 0, 0, 0.0),
        (AtOnce(1), 0.0, 1, 1, None),
        (AtOnce(2), 0.0, 1, 1, 0.0),
    ],
)
def test_when_the_next_job_leaves(
    shape: Shape, elapsed: float, sent: int, in_flight: int, wait: float | None
) -> None:
    assert shape.wait(elapsed, sent, in_flight) == pytest.approx(wait)


def test_a_seed_makes_the_same_job_again() -> None:
    assert a_job(3) == a_job(3)
    assert a_job(3) != a_job(4)
    assert a_job(3, lora="x").lora == "x"
