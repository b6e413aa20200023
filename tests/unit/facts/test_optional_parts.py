"""Which optional parts are told to be missing, from small hand-written histories."""

import msgspec
import pytest

from asyncproof.facts.optional_parts import lines
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Delivered,
    Polled,
)
from tests.support.histories import Spoil, a_history, good_job, spoiled, without

SECTION = CallbackSection(
    status="delivered",
    status_code=200,
    response_preview="OK",
    attempted_at="2026-01-01T00:00:01Z",
    payload_status="completed",
)
FIELDS = {"job_id": "id-job_001", "status": "completed", "image_url": "/x.png"}


def talkative(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """The job of a miner that leaves nothing out."""
    urls = {"status_url": "/s", "result_url": "/r"}
    events = spoiled(events, Answered, accepted=True, **urls)
    events = spoiled(events, Delivered, fields=FIELDS)
    time = "2026-01-01T00:00:00Z"
    links = {"image_url": "/x.png", "queued_at": time, "started_at": time}
    return spoiled(events, Polled, callback=SECTION, **links)


PARTS: list[tuple[Spoil, str]] = [
    (lambda e: spoiled(e, Answered, accepted=None), "accepted in the answer to a submission"),
    (
        lambda e: spoiled(e, Answered, status_url=None, result_url=None),
        "status_url and result_url in the answer to a submission",
    ),
    (lambda e: spoiled(e, Polled, image_url=None), "image_url in the status"),
    (
        lambda e: spoiled(
            e, Polled, callback=msgspec.structs.replace(SECTION, response_preview=None)
        ),
        "response_preview in the callback section",
    ),
    (lambda e: spoiled(e, Delivered, image=None), "image in the callback"),
]


@pytest.mark.parametrize(("spoil", "told"), PARTS, ids=[told for _, told in PARTS])
def test_what_a_miner_leaves_out_is_told(spoil: Spoil, told: str) -> None:
    history = a_history(spoil(talkative(good_job("job_001"))))
    assert lines(history) == [f"Optional parts that this miner leaves out: {told}"]


def test_of_a_miner_that_leaves_nothing_out_nothing_is_told() -> None:
    assert lines(a_history(talkative(good_job("job_001")))) == []


def test_what_one_job_shows_is_not_missing() -> None:
    history = a_history(talkative(good_job("job_001")), good_job("job_002", at=0.1))
    assert lines(history) == []


def test_without_a_job_that_completed_nothing_is_told() -> None:
    assert lines(a_history(without(good_job("job_001"), Polled))) == []
