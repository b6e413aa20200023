"""When a callback counts as sent after the expiry of its job."""

import pytest

from asyncproof.facts.delivery_outcome import CLOCKS_DIFFER, sent_late
from asyncproof.history.events import Delivered
from tests.support.histories import a_history, good_job, spoiled

EXPIRY = "1970-01-01T00:00:10Z"  # a made-up history begins at second 0 of all clocks


@pytest.mark.parametrize(
    ("began", "late"),
    [(9.0, False), (10 + CLOCKS_DIFFER, False), (10.25 + CLOCKS_DIFFER, True)],
)
def test_a_callback_is_late_once_no_difference_of_clocks_explains_it(
    began: float, late: bool
) -> None:
    events = spoiled(good_job("job_001", expiry=EXPIRY), Delivered, began=began, at=began + 0.1)
    history = a_history(events)
    assert bool(sent_late(history, history.accepted[0])) is late


def test_without_an_expiry_nothing_is_late() -> None:
    events = spoiled(good_job("job_001"), Delivered, began=1e9, at=1e9)
    history = a_history(events)
    assert not sent_late(history, history.accepted[0])
