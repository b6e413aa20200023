"""What a stress run is asked to do."""

from math import inf

import pytest

from asyncproof.stress.order import StressOrder, read_seconds, read_share


@pytest.mark.parametrize(
    ("order", "jobs"),
    [
        (StressOrder(), 100),
        (StressOrder(jobs=7), 7),
        (StressOrder(seconds=60.0), inf),
        (StressOrder(prove=0.01), 299),
        (StressOrder(until_failure=True), 2995),
    ],
)
def test_how_many_jobs(order: StressOrder, jobs: float) -> None:
    assert order.wanted == jobs


def test_a_command_sends_the_same_again() -> None:
    order = StressOrder(jobs=50, concurrency=8, rate=2.5, shape="ramp:5s,soak")
    assert order.command(7, iter(["--miner=http://m"])) == (
        "asyncproof stress --miner=http://m --jobs=50 --concurrency=8 --shape=ramp:5s,soak "
        "--rate=2.5 --replay=7"
    )


def test_machines_share_the_load() -> None:
    alone, part = (
        StressOrder(concurrency=10, rate=4.0),
        StressOrder(concurrency=10, rate=4.0, part=1, parts=2),
    )
    assert str(alone.stages(1)) == "4 a second, at most 10 in flight"
    assert str(part.stages(1)) == "2 a second, at most 5 in flight"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90.0), ("90s", 90.0), ("1.5m", 90.0), ("8h", 28800.0)]
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "x", "5d", "-3s"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 5m or 8h"):
        read_seconds(text)


@pytest.mark.parametrize(("text", "share"), [("0.1%", 0.001), ("0.001", 0.001), ("5 %", 0.05)])
def test_shares(text: str, share: float) -> None:
    assert read_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "0", "0%", "100%", "1", "many"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="percentage"):
        read_share(text)
