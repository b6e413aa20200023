"""Drafts of profiles from OpenAPI documents: what is taken from them, and what is guessed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.wire.dialect import Dialect
from asyncproof.wire.draft import draft
from asyncproof.wire.openapi import DraftError, operations
from asyncproof.wire.profile import parse
from asyncproof.workload.needs import Need


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def body(told: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"schema": told}}}}


def answers(told: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"responses": {"200": {"content": {kind: {"schema": told}}}, "422": {}}}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
TASK_ID = {"parameters": [{"name": "task_id", "in": "query"}]}
STATE = {"type": "string", "enum": ["in_progress", "success", "failure", "odd"]}
# Shaped as BentoML's: the id in the query, the states named, the picture at a path of its own.
TASKS = {
    "paths": {
        "/healthz": {"get": {}},
        "/paint": {"post": body(schema(prompt=TEXT)) | answers({}, "image/png")},
        "/paint/submit": {
            "post": body(schema(prompt=TEXT, seed=NUMBER, style=TEXT) | {"required": ["style"]})
            | answers({"$ref": "#/components/schemas/Task"})
        },
        "/paint/status": {"get": TASK_ID | answers({"$ref": "#/components/schemas/Task"})},
        "/paint/get": {"get": TASK_ID | answers({"type": "string"}, "image/png")},
        "/paint/cancel": {"put": TASK_ID | answers(schema())},
        "/paint/retry": {"post": TASK_ID | answers({"$ref": "#/components/schemas/Task"})},
    },
    "components": {"schemas": {"Task": schema(task_id=TEXT, status=STATE)}},
}
# Shaped as RunPod's: what the handler takes is not said, and the status has all in it.
JOBS = {
    "paths": {
        "/runsync": {"post": body(schema(input={"type": "object"})) | answers(schema(id=TEXT))},
        "/run": {
            "post": body(
                schema(
                    input={"type": "object", "additionalProperties": True},
                    webhook={"anyOf": [{"type": "string"}, {"type": "null"}]},
                )
            )
            | answers(schema(id=TEXT, status=TEXT))
        },
        "/status/{job_id}": {"post": answers(schema(id=TEXT, status=TEXT, error=TEXT))},
    }
}
HOOKS = {
    "paths": {
        "/predictions": {
            "post": body(schema(input=schema(prompt=TEXT, width=NUMBER), webhook=TEXT))
            | answers(schema(id=TEXT, status=TEXT))
        },
        "/health-check": {"get": {}},
    }
}


def drafted(document: object) -> str:
    return draft(json.dumps(document).encode(), "here")


def test_what_the_document_says_is_taken_from_it() -> None:
    text = drafted(TASKS)
    made = parse(text)
    assert (made.submit.path, made.submit.id) == ("/paint/submit", ("task_id",))
    assert made.submit.body == {"prompt": "{prompt}", "seed": "{seed}", "style": ""}
    assert made.status is not None
    assert made.status.path == "/paint/status?task_id={id}"
    assert made.status.words["success"] == "completed"
    assert made.result is not None
    assert made.result.path == "/paint/get?task_id={id}"
    assert made.cancel is not None
    assert (made.cancel.method, made.cancel.path) == ("PUT", "/paint/cancel?task_id={id}")
    assert (made.health, made.callback) == ("/healthz", None)
    assert [line for line in text.splitlines() if "guessed" in line] == [
        'odd = "failed"  # guessed'
    ]
    assert 'style = ""  # required by the server: change it' in text


def test_what_it_does_not_say_is_guessed_and_marked() -> None:
    text = drafted(JOBS)
    made = parse(text)
    assert made.submit.path == "/run"
    assert made.submit.body["webhook"] == "{callback_url}"
    assert made.submit.body["input"]["prompt"] == "{prompt}"
    assert made.status is not None
    assert (made.status.method, made.status.path) == ("POST", "/status/{id}")
    assert made.callback is not None
    assert 'prompt = "{prompt}"  # guessed' in text
    assert 'place = "output"  # guessed' in text


def test_where_nothing_can_be_asked_the_callback_tells() -> None:
    made = parse(drafted(HOOKS))
    assert (made.status, made.result, made.health) == (None, None, "/health-check")
    assert made.submit.body["input"] == {"prompt": "{prompt}", "width": "{width}"}
    assert Need.POLLING in Dialect(made).lacks


def test_a_draft_is_marked_as_not_tried() -> None:
    assert drafted(TASKS).startswith("# Drafted from here. Not tried")


UNUSABLE: list[tuple[bytes, str]] = [
    (b"<html>", "not JSON"),
    (b"[]", "no `paths`"),
    (b'{"paths": {}}', "no `paths`"),
    (b'{"paths": {"/a": {"get": {}}}}', "no operation takes a prompt; with a body there are: none"),
    (json.dumps({"paths": {"/say": {"post": body(schema(word=TEXT))}}}).encode(), "/say"),
    (json.dumps({"paths": {"/run": {"post": body(schema(prompt=TEXT))}}}).encode(), "by its id"),
]


@pytest.mark.parametrize(("document", "said"), UNUSABLE, ids=[said for _, said in UNUSABLE])
def test_what_cannot_be_used_is_refused_with_the_reason(document: bytes, said: str) -> None:
    with pytest.raises(DraftError) as error:
        draft(document)
    assert said in str(error.value)


def test_references_that_turn_in_a_circle_end() -> None:
    looped = {"$ref": "#/components/schemas/A"}
    document = {
        "paths": {"/a/{id}": {"get": answers(looped)}},
        "components": {"schemas": {"A": schema(a=looped, b={"$ref": "#/nowhere"})}},
    }
    (one,) = operations(json.dumps(document).encode())
    assert (one.job, one.about_a_job) == ("id", "/a/{id}")


names = st.sampled_from(["prompt", "seed", "webhook", "input", "a b", 'quo"te', "über", "style"])
leaf = st.sampled_from([TEXT, NUMBER, {"type": "object"}, {"anyOf": [TEXT, {"type": "null"}]}])
schemas = st.recursive(
    leaf,
    lambda inner: st.dictionaries(names, inner, max_size=4).map(lambda found: schema(**found)),
    max_leaves=8,
)


@given(schemas, schemas)
def test_every_draft_is_a_profile(asked: dict[str, Any], told: dict[str, Any]) -> None:
    paths = {
        "/run": {"post": body(schema(prompt=TEXT, more=asked)) | answers(told)},
        "/status/{id}": {"get": answers(told)},
    }
    made = parse(drafted({"paths": paths}))
    assert made.submit.body["prompt"] == "{prompt}"
