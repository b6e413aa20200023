"""Callbacks of JSON, and forms with other names, read as the form of the documents is."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.receiver.bodies import MULTIPART, shape_of
from asyncproof.receiver.keyring import Keyring
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.form_reader import Form
from asyncproof.receiver.multipart.violations import violations
from asyncproof.wire.dialect import Dialect, dialect
from asyncproof.wire.profile import parse
from tests.unit.wire.test_dialect import QUEUE

COG = shape_of(dialect("cog"))
RUNPOD = shape_of(dialect("runpod"))
PICTURE = b"\x89PNG what a picture"
BASE64 = base64.b64encode(PICTURE).decode()
LIMITS = Limits(field=40)


class Sink:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: memoryview) -> None:
        self.data += data


def read(content: Any, shape: Any = COG, kind: str = "application/json") -> tuple[Form, Sink]:
    sink = Sink()
    reader = shape.open(kind, LIMITS, lambda: sink)
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    for piece in (body[:7], body[7:]):
        reader.feed(piece)
    return reader.end(), sink


def test_a_prediction_is_a_form() -> None:
    url = f"data:image/png;base64,{BASE64}"
    form, sink = read({"id": "p1", "status": "succeeded", "output": url, "logs": ""})
    assert (form.text("job_id"), form.text("status")) == ("p1", "completed")
    assert sink.data == PICTURE
    assert form.picture is not None
    assert (form.picture.content_type, form.picture.size) == ("image/png", len(PICTURE))
    assert list(violations(form, COG.due)) == []


def test_what_was_returned_alone_is_a_form_of_a_job_that_completed() -> None:
    form, sink = read({"output": {"image": BASE64}}, RUNPOD)
    assert (form.text("job_id"), form.text("status"), sink.data) == (None, "completed", PICTURE)
    assert list(violations(form, RUNPOD.due)) == []


def test_a_link_is_a_field() -> None:
    form, sink = read({"id": "p1", "status": "failed", "error": "why", "output": "http://x/1"})
    assert (form.text("image_url"), form.text("error"), form.picture) == ("http://x/1", "why", None)
    assert sink.data == b""


def test_what_is_missing_or_too_long_is_a_violation() -> None:
    form, _ = read({"status": "dreaming", "error": "x" * 41})
    told = [violation.text for violation in violations(form, COG.due)]
    assert [text.split(" ")[0] for text in told] == ["error", "job_id", "status"]
    assert "dreaming" in told[-1]


BAD: list[tuple[Any, str, int, str]] = [
    (b"{", "application/json", 400, "not JSON"),
    (b"\xff\xfe\x00", "application/json", 400, "not JSON"),
    (b"[" * 100_000, "application/json", 400, "not JSON"),
    ([1], "application/json", 400, "not a JSON object but list"),
    ({"output": "data:image/png;base64,a"}, "application/json", 400, "not base64"),
    ({}, "text/plain", 415, "Content-Type must be application/json"),
    ({}, "", 415, "Content-Type must be application/json"),
]


@pytest.mark.parametrize(("content", "kind", "status", "reason"), BAD)
def test_what_cannot_be_read_is_refused(content: Any, kind: str, status: int, reason: str) -> None:
    with pytest.raises(BadFormError) as bad:
        read(content, kind=kind)
    assert bad.value.status == status
    assert reason in bad.value.reason


def test_json_with_a_charset_or_a_kind_of_its_own_is_json() -> None:
    for kind in ("application/json; charset=utf-8", "application/problem+json"):
        assert read({"id": "p1"}, kind=kind)[0].text("job_id") == "p1"


def test_a_form_with_other_names_is_read_by_them() -> None:
    text = QUEUE.replace('body = "json"', 'body = "multipart"').replace(
        '"job.id"\nstate = "job.st', '"job"\nstate = "st'
    )
    text = text.replace('picture = "pictures.0"', 'picture = "file"')
    shape = shape_of(Dialect(parse(text)))
    parts = [("job", "7"), ("state", "done"), ('file"; filename="x.png', "pixels")]
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts
    )
    form, sink = read(f"{body}--b--\r\n".encode(), shape, "multipart/form-data; boundary=b")
    assert (form.text("job_id"), form.text("status"), sink.data) == ("7", "completed", b"pixels")


def test_a_form_without_a_state_means_what_the_profile_says() -> None:
    text = QUEUE.replace('body = "json"\nid = "job.id"\nstate = "job.state"', FORM_THAT_MEANS)
    shape = shape_of(Dialect(parse(text)))
    body = b'--b\r\nContent-Disposition: form-data; name="job"\r\n\r\n7\r\n--b--\r\n'
    form, _ = read(body, shape, "multipart/form-data; boundary=b")
    assert (form.text("job_id"), form.text("status")) == ("7", "completed")
    assert list(violations(form, shape.due, shape.states, shape.names)) == []


FORM_THAT_MEANS = 'body = "multipart"\nid = "job"\nmeans = "completed"'


def test_shapes_say_how_repeats_are_marked() -> None:
    shape = shape_of(Dialect(parse(QUEUE)))
    assert (shape.delivery_id, shape.due) == ("webhook-id", frozenset({"job_id", "status"}))
    assert (MULTIPART.delivery_id, RUNPOD.due) == ("", frozenset({"status"}))
    assert shape_of(dialect("bentoml")) is MULTIPART


def test_where_nothing_is_proven_the_token_has_to_be_known() -> None:
    keys = Keyring("shared", proven=False)
    keys.expect("token", "own")
    assert keys.verdict("token", []) == ("match", None)
    assert keys.verdict(None, []) == ("match", None)
    assert keys.verdict("guessed", ["shared"]) == ("wrong", None)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "status", "output", "error", "x"]), inner, max_size=4
            )
        ),
        max_leaves=9,
    )
)
def test_no_body_is_too_strange(content: Any) -> None:
    """It is a form, or it is refused as one that cannot be read."""
    for shape in (COG, RUNPOD):
        form, status = _read_or_refused(content, shape)
        assert (form is None) == (status in (400, 415))
        if form is not None:
            assert all(isinstance(text.value, str) for text in form.texts.values())
            list(violations(form, shape.due))


def _read_or_refused(content: Any, shape: Any) -> tuple[Form | None, int]:
    try:
        return read(content, shape)[0], 200
    except BadFormError as bad:
        return None, bad.status
