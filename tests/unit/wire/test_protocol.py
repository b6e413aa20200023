"""The wire: what is sent, and that any answer at all is understood or named."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.wire import protocol
from asyncproof.wire.dialect import documented
from asyncproof.wire.protocol import Callback, MinerAnswer
from asyncproof.workload.scenario import Job

SPOKEN = documented()
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def answer(content: object, code: int = 200) -> MinerAnswer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return MinerAnswer(0.1, code, "application/json", body)


def test_a_submission_says_what_the_job_says_and_leaves_out_the_rest() -> None:
    job = Job(prompt="fox", seed=0, size=(64, 32), expiry=timedelta(minutes=5))
    body = protocol.asked_for(job, Callback("http://x/callback", "s"), NOW)
    assert body == {
        "prompt": "fox",
        "seed": 0,
        "width": 64,
        "height": 32,
        "callback_url": "http://x/callback",
        "callback_secret": "s",
        "expiry": "2026-01-01T12:05:00.000Z",
    }
    assert "callback_secret" not in protocol.recordable(body)


def test_a_recorded_body_is_readable_whatever_was_sent() -> None:
    """Long texts are cut, and half a character becomes its name."""
    recorded = protocol.recordable({"prompt": "x" * 2000, "other": "\ud83d", "width": [1]})
    assert recorded["prompt"] == "x" * 500 + "... (1500 characters more)"
    assert (recorded["other"], recorded["width"]) == ("\\ud83d", [1])


def test_named_fields_are_left_out() -> None:
    job = Job(prompt="fox", seed=1, without=("prompt",))
    assert protocol.asked_for(job, None, NOW) == {"seed": 1}


def test_a_time_that_is_a_number_is_kept_and_a_foreign_field_may_be_anything() -> None:
    content = {"status": "completed", "completed_at": 1767225600, "queued_at": {"a": 1}}
    polled = SPOKEN.read_status("job_1", answer(content), "secret", at=1.0)
    assert (polled.completed_at, polled.queued_at, polled.problems) == ("1767225600", None, ())


def test_extra_fields_are_sent_as_they_are() -> None:
    job = Job(prompt="fox", extra=(("width", "wide"), ("new_field", None)))
    assert protocol.asked_for(job, None, NOW) == {
        "prompt": "fox",
        "width": "wide",
        "new_field": None,
    }


@pytest.mark.parametrize(
    ("content", "code", "taken"),
    [
        ({"job_id": "a", "status": "queued"}, 202, True),
        ({"id": "a", "status": "queued"}, 200, True),
        ({"job_id": "a", "accepted": False}, 200, False),
        ({"job_id": "a"}, 500, False),
        ({"status": "queued"}, 202, False),
        ({"job_id": 7}, 202, True),
        ({"job_id": 7.5}, 202, False),
        ({"job_id": True}, 202, False),
        (["job"], 202, False),
        (b"<html>busy</html>", 200, False),
        (b'{"job_id": "a', 200, False),
        (b"", 202, False),
    ],
)
def test_what_counts_as_accepted(content: object, code: int, taken: bool) -> None:
    answered = SPOKEN.read_submission("job_1", answer(content, code), "", at=1.0)
    assert answered.takes_the_job is taken


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<html>busy</html>", "not JSON but HTML (application/json): '<html>busy</html>'"),
        (b"", "not JSON but an empty body"),
        (
            b'{"status": "comp',
            'JSON that breaks off after 16 bytes (application/json): \'{"status": "comp\'',
        ),
        (b'{"status": comp}', "JSON that cannot be read (application/json): '{\"status\": comp}'"),
        (b"x" * 70, f"not JSON but text (application/json): '{60 * 'x'}…'"),
        ([1], "a JSON object was expected, got [1]"),
        ({"status": 5}, "status: Input should be a valid string, got '5'"),
        (
            {"callback": {"status_code": "200"}},
            "callback.status_code: Input should be a valid integer, got '200'",
        ),
        ({"callback": "delivered"}, "callback: Input should be an object, got 'delivered'"),
    ],
)
def test_a_malformed_status_is_named_field_by_field(content: object, problem: str) -> None:
    polled = SPOKEN.read_status("job_1", answer(content), "secret", at=1.0)
    assert polled.problems == (problem,)


def test_a_wrong_field_does_not_hide_the_others() -> None:
    content = {
        "status": "completed",
        "progress": "99",
        "callback": {"status": "delivered", "error": 1},
    }
    polled = SPOKEN.read_status("job_1", answer(content), "", at=1.0)
    assert polled.status == "completed"
    assert polled.progress is None
    assert polled.callback is not None
    assert polled.callback.status == "delivered"
    assert len(polled.problems) == 2


def test_a_secret_that_was_told_is_recorded_nowhere() -> None:
    told = {
        "job_id": "a",
        "status": "failed",
        "error": "no callback with s3cret-9",
        "x": "s3cret-9",
    }
    submitted = SPOKEN.read_submission("job_1", answer(told), "s3cret-9", at=1.0)
    polled = SPOKEN.read_status("job_1", answer(told), "s3cret-9", at=1.0)
    assert submitted.leaks_secret
    assert polled.leaks_secret
    assert polled.job_error == "no callback with [secret]"
    assert "s3cret-9" not in repr(submitted) + repr(polled)


def test_a_word_that_holds_the_secret_tells_nothing() -> None:
    told = answer({"status": "queued", "callback_secret_provided": True})
    assert not SPOKEN.read_status("job_1", told, "secret", at=1.0).leaks_secret


def test_a_secret_in_an_answer_is_seen() -> None:
    told = answer({"status": "queued", "request": {"callback_secret": "s3cret"}})
    assert SPOKEN.read_status("job_1", told, "s3cret", at=1.0).leaks_secret
    assert not SPOKEN.read_status("job_1", told, "another", at=1.0).leaks_secret


@given(
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["job_id", "id", "status", "progress", "callback", "error", "x"]),
                inner,
            )
        ),
    )
)
def test_no_answer_whatever_is_a_crash(content: object) -> None:
    raw = answer(content)
    SPOKEN.read_status("job_1", raw, "secret", at=1.0)
    SPOKEN.read_submission("job_1", raw, "s", at=1.0)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T12:00:00Z", NOW),
        ("2026-01-01T13:00:00+01:00", NOW),
        ("2026-01-01T12:00:00", NOW),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_timestamps(text: str | None, moment: datetime | None) -> None:
    assert protocol.timestamp(text) == moment


@pytest.mark.parametrize(
    ("content", "named", "shown"),
    [
        ({"job_id": "a", "secret": "s3cret"}, "a", True),
        ({"id": "b"}, "b", False),
        ({"jobs": ["s3cret"]}, None, True),
        (["a"], None, False),
        (b"not JSON with s3cret in it", None, True),
        (b"", None, False),
    ],
)
def test_which_job_and_which_secret_an_answer_shows(
    content: object, named: str | None, shown: bool
) -> None:
    assert SPOKEN.named_job(answer(content)) == named
    assert protocol.shows(answer(content), ["other", "s3cret", ""]) is shown


@pytest.mark.parametrize(
    ("body", "seed"),
    [
        ({"seed": 7}, 7),
        ({"request": {"seed": 0}}, 0),
        ({"seed": 7, "request": {"seed": 8}}, 7),
        ({"seed": "7"}, None),
        ({"seed": True}, None),
        ({"seed": 2**70}, None),
        ({"request": ["seed", 7]}, None),
        ({"request": None}, None),
        ({}, None),
    ],
)
def test_the_seed_that_a_status_shows_is_read_where_it_is_one(
    body: dict[str, object], seed: int | None
) -> None:
    text = json.dumps({"status": "queued"} | body).encode()
    polled = SPOKEN.read_status("job_001", answer(text), "", 1.0)
    assert (polled.seed, polled.status, polled.problems) == (seed, "queued", ())
