"""Figures of a benchmark are arithmetic on a history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.worker import bench
from asyncproof.worker import events as ev
from asyncproof.worker.record import build
from tests.unit.worker.test_checks import LIMITS, W


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([5], 0.5, 5),
        ([1, 2], 0.5, 1),
        ([3, 1, 2], 0.5, 2),
        (range(1, 101), 0.95, 95),
        ([7], 0.95, 7),
    ],
)
def test_percentiles_are_nearest_ranks(values: list[float], share: float, expected: float) -> None:
    assert bench.rank(list(values), share) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_a_value_that_enough_values_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = bench.rank(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def test_a_level_is_told_with_its_rates_and_failures() -> None:
    start = ev.WorkerRunStarted(
        at=0.0, run="r", wall=0.0, profile="", schema="none", limits=LIMITS, settings={}
    )
    good = [
        ev.Inferred(
            at=n + 2.0,
            worker=W,
            style="stream",
            purpose="benchmark 2",
            began=float(n),
            max_tokens=10,
            status_code=200,
            tokens=10,
            first_token=n + 0.5,
        )
        for n in (0, 1)
    ]
    bad = ev.Inferred(
        at=3.0, worker=W, style="stream", purpose="benchmark 2", began=1.0, max_tokens=10, error="x"
    )
    record = build([start, *good, bad, ev.WorkerRunEnded(at=9.0)])

    level = next(iter(bench.levels(record)))
    assert (level.concurrency, level.requests, level.failed) == (2, 3, 1)
    assert (level.first_token_p50, level.request_p95) == (0.5, 2.0)
    assert level.tokens_per_second == pytest.approx(20 / 3)
    assert "500.0/500.0 ms" in bench.table(record)[-1]
