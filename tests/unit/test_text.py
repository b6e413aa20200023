"""Times as findings show them."""

import pytest

from asyncproof.checks import BY_NAME
from asyncproof.history.build import build
from asyncproof.history.events import Delivered
from asyncproof.text import counted, shown_seconds
from tests.support.histories import good_job, scenario, spoiled


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, "0.00 s"), (0.084, "0.08 s"), (1.0, "1.0 s"), (12.34, "12.3 s")]
)
def test_short_times_can_be_told_apart(seconds: float, shown: str) -> None:
    assert shown_seconds(seconds) == shown


def test_two_deliveries_within_a_part_of_a_second_are_told_apart() -> None:
    job = spoiled(good_job(), Delivered, began=0.7, at=0.71)
    again = [event for event in job if isinstance(event, Delivered)]
    events = scenario([*job, *spoiled(again, Delivered, began=0.75, at=0.76)])
    (found,) = BY_NAME["one_delivery_per_job"](build(events)).findings
    assert found.actual == "2 (0.71 s and 0.76 s after submission)"


@pytest.mark.parametrize(("count", "told"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs")])
def test_one_is_told_as_one(count: int, told: str) -> None:
    assert counted(count, "job") == told
