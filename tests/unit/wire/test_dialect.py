"""What answers and callbacks of other servers mean, in the words of the documents."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.wire.dialect import Dialect, dialect
from asyncproof.wire.inline import decoded, is_inline
from asyncproof.wire.places import at, every
from asyncproof.wire.profile import parse
from asyncproof.wire.protocol import MinerAnswer
from asyncproof.wire.toml_lines import line_of

QUEUE = """\
[submit]
path = "/jobs"
method = "PUT"
id = ["job.id", "id"]
state = "job.state"
busy = [409, 503]

[submit.body]
text = "{prompt}"

[status]
path = "/jobs/{id}?full=1"
id = "id"
state = "state.name"
error = "state.why"

[status.words]
waiting = "queued"
working = "processing"
done = "completed"
broken = "failed"

[status.progress]
at = "step"
unit = "steps"
of = "steps"

[result]
place = "pictures.*.url"

[callback]
body = "json"
id = "job.id"
state = "job.state"
error = "job.why"
picture = "pictures.0"
encoding = "url"
proof = "nothing"
promise = "at least once"
delivery_id = "webhook-id"
"""
SPOKEN = Dialect(parse(QUEUE))

PLACES: list[tuple[str, list[Any]]] = [
    ("a", [1]),
    ("b.c", [2, 3][:1]),
    ("d.1", ["y"]),
    ("d.*", ["x", "y"]),
    ("e.*.url", ["u", "v"]),
    ("f.*.v", [7]),
    ("a.b", []),
    ("d.9", []),
    ("g", []),
    ("none", []),
]
DATA = {
    "a": 1,
    "b": {"c": 2},
    "d": ["x", "y"],
    "e": [{"url": "u"}, {}, {"url": "v"}],
    "f": {"9": {"v": 7}},
    "none": None,
}


@pytest.mark.parametrize(("place", "found"), PLACES)
def test_places(place: str, found: list[Any]) -> None:
    assert list(every(DATA, place)) == found
    assert at(DATA, place) == (found[0] if found else None)


def answer(content: object, code: int = 200) -> MinerAnswer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return MinerAnswer(0.1, code, "application/json", body)


def test_a_submission_is_answered_in_its_words() -> None:
    told = answer({"job": {"id": 7, "state": "waiting"}})
    answered = SPOKEN.read_submission("job_1", told, "", 1.0)
    assert (answered.job_id, answered.status, answered.takes_the_job) == ("7", "queued", True)
    other = SPOKEN.read_submission("job_1", answer({"id": "x"}), "", 1.0)
    assert other.job_id == "x"


STATUSES: list[tuple[dict[str, Any], str | None, float | None]] = [
    ({"state": {"name": "working"}, "step": 5, "steps": 20}, "processing", 25.0),
    ({"state": {"name": "working"}, "step": 5}, "processing", None),
    ({"state": {"name": "working"}, "step": 5, "steps": 0}, "processing", None),
    ({"state": {"name": "done"}, "step": 20, "steps": 20}, "completed", 100.0),
    ({"state": {"name": "lost"}}, "lost", None),
    ({"state": "done"}, None, None),
    ({}, None, None),
]


@pytest.mark.parametrize(("content", "status", "progress"), STATUSES)
def test_a_status_is_read_in_its_words(
    content: dict[str, Any], status: str | None, progress: float | None
) -> None:
    polled = SPOKEN.read_status("job_1", answer(content), "", 1.0)
    assert (polled.status, polled.progress, polled.problems) == (status, progress, ())


def test_what_is_wrong_is_told_by_the_name_that_the_server_has() -> None:
    polled = SPOKEN.read_status("job_1", answer({"state": {"name": ["x"], "why": 5}}), "", 1.0)
    assert {problem.partition(":")[0] for problem in polled.problems} == {"state.name", "state.why"}


FLAGS = """
[submit]
path = "/ask/{width}?hook={callback_url}&n=1"
id = "id"

[submit.body]
text = "{prompt}"

[status]
path = "/ask/{id}"
absent = "processing"

[status.flags]
faulted = "failed"
done = "completed"

[result]
place = "*.file"
link = "/view?name={value}"
"""
FLAGGED = [
    ({}, "processing"),
    ({"done": False, "faulted": False}, "processing"),
    ({"done": True, "faulted": False}, "completed"),
    ({"done": True, "faulted": True}, "failed"),
    ({"done": "yes"}, "processing"),
]


@pytest.mark.parametrize(("content", "status"), FLAGGED)
def test_flags_mean_states_and_so_does_their_absence(content: dict[str, Any], status: str) -> None:
    assert Dialect(parse(FLAGS)).read_status("job_1", answer(content), "", 1.0).status == status


def test_an_item_of_the_query_without_a_value_is_left_out() -> None:
    spoken = Dialect(parse(FLAGS))
    asked = {"prompt": "fox", "width": 64}
    assert str(spoken.submission(asked).query) == "POST /ask/64?n=1"
    hooked = spoken.submission(asked | {"callback_url": "http://x/?a=1"})
    assert str(hooked.query) == "POST /ask/64?hook=http%3A%2F%2Fx%2F%3Fa%3D1&n=1"


def test_half_a_surrogate_pair_is_asked_for_as_it_is() -> None:
    asked = {"prompt": "a fox \ud83d", "width": 64}
    assert str(Dialect(parse(FLAGS)).submission(asked).query) == "POST /ask/64?n=1"


def test_the_name_of_a_picture_leads_to_it() -> None:
    status = json.dumps({"7": {"file": "a b.png"}}).encode()
    assert list(Dialect(parse(FLAGS)).pictures(status)) == ["/view?name=a%20b.png"]


UNITS = [("percent", 40, 40), ("fraction", 0.4, 40.0), ("fraction", "half", None)]


@pytest.mark.parametrize(("unit", "told", "progress"), UNITS)
def test_units_of_progress(unit: str, told: object, progress: float | None) -> None:
    text = QUEUE.replace('unit = "steps"\nof = "steps"', f'unit = "{unit}"')
    content = {"state": {"name": "working"}, "step": told}
    polled = Dialect(parse(text)).read_status("job_1", answer(content), "", 1.0)
    assert polled.progress == progress
    assert bool(polled.problems) == (progress is None)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists) | st.binary())
def test_no_answer_is_too_strange_to_be_read(content: object) -> None:
    for spoken in (SPOKEN, dialect("runpod"), dialect("cog"), dialect("inference")):
        spoken.read_submission("job_1", answer(content), "s", 1.0)
        spoken.read_status("job_1", answer(content), "s", 1.0)
        list(spoken.pictures(answer(content).body))
        if isinstance(content, dict):
            spoken.read_callback(content)


def test_a_busy_server_asks_to_wait() -> None:
    assert SPOKEN.patient(answer({}, 409)).asks_to_wait
    assert not SPOKEN.patient(answer({}, 400)).asks_to_wait
    assert not dialect("inference").patient(answer({}, 409)).asks_to_wait


def test_paths_have_the_id_quoted() -> None:
    assert str(SPOKEN.status("a/b c")) == "GET /jobs/a%2Fb%20c?full=1"
    assert SPOKEN.result("x") is None
    assert str(dialect("inference").result("x")) == "GET /inference/result/x"
    assert list(SPOKEN.questions("x")) == ["status"]
    assert dialect("inference").folders == ["/inference/status/", "/inference/result/"]
    assert str(dialect("cog").cancellation("x")) == "POST /predictions/x/cancel"


def test_half_a_surrogate_pair_is_asked_for_all_the_same() -> None:
    assert str(SPOKEN.status("\ud83d")) == "GET /jobs/%ED%A0%BD?full=1"
    status = json.dumps({"7": {"file": "\ud83d"}}).encode()
    assert list(Dialect(parse(FLAGS)).pictures(status)) == ["/view?name=%ED%A0%BD"]
    assert decoded("\ud83d")[0] == b""


def test_pictures_in_a_status_are_found_in_their_order() -> None:
    status = json.dumps({"pictures": [{"url": "/1.png"}, {"url": 5}, {"url": "/2.png"}]}).encode()
    assert list(SPOKEN.pictures(status)) == ["/1.png", "/2.png"]
    assert list(SPOKEN.pictures(b"{")) == []
    assert list(dialect("inference").pictures(status)) == []


def test_a_callback_has_fields_and_a_link_or_a_picture() -> None:
    data = {"job": {"id": 7, "state": "broken", "why": "no memory"}, "pictures": ["http://x/1"]}
    read = SPOKEN.read_callback(data)
    link = {"image_url": "http://x/1"}
    assert read.fields == {"job_id": "7", "status": "failed", "error": "no memory"} | link
    assert read.picture is None
    inline = SPOKEN.read_callback({"pictures": ["data:image/png;base64,aaaa"]})
    assert inline.picture == "data:image/png;base64,aaaa"


def test_a_callback_without_a_state_means_what_the_profile_says() -> None:
    read = dialect("runpod").read_callback({"output": {"image": "aaaa"}})
    assert (read.fields, read.picture) == ({"status": "completed"}, "aaaa")


def test_a_callback_with_neither_state_nor_picture_means_what_the_profile_says() -> None:
    text = QUEUE.replace('state = "job.state"\nerror = "job.why"\npicture = "pictures.0"\n', "")
    spoken = Dialect(
        parse(text.replace('proof = "nothing"', 'proof = "nothing"\nmeans = "failed"'))
    )
    assert spoken.read_callback({"job": {"id": 7}}).fields == {"job_id": "7", "status": "failed"}


INLINE = [
    ("aGk=", b"hi", "", ""),
    ("data:image/png;base64,aGk=", b"hi", "image/png", ""),
    ("data:image/png;name=x;base64,a\nGk=", b"hi", "image/png;name=x", ""),
    ("data:image/png,hi", b"", "", "not base64"),
    ("aGk", b"", "", "not base64"),
    ("h\xeb", b"", "", "not base64"),
]


@pytest.mark.parametrize(("text", "data", "kind", "error"), INLINE)
def test_pictures_in_json(text: str, data: bytes, kind: str, error: str) -> None:
    found = decoded(text)
    assert found[0] == data
    assert error in found[2]
    assert bool(found[2]) == bool(error)
    assert error or found[1] == kind
    assert is_inline(text) == text.startswith("data:")


@given(st.binary(), st.sampled_from(["", "image/png"]))
def test_base64_comes_back(data: bytes, kind: str) -> None:
    text = base64.b64encode(data).decode()
    assert decoded(f"data:{kind};base64,{text}") == (data, kind, "")
    assert decoded(text) == (data, "", "")


def test_the_line_of_a_key_is_that_of_the_nearest_one_written() -> None:
    assert line_of(QUEUE, ("submit", "busy", 0)) == 6
    assert line_of(QUEUE, ("status", "words", "done")) == 20
    assert line_of(QUEUE, ("status", "progress")) == 23
    assert line_of(QUEUE, ("callback", "nothing here")) == 31
    assert line_of('a."b c".d = 1\n', ("a", "b c", "d")) == 1
    assert line_of(QUEUE, ()) == 1
