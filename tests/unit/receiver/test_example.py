"""The command that sends a callback by hand has the shape of the callbacks of a profile."""

import json
import re

import pytest

from asyncproof.receiver.bodies import MULTIPART, shape_of
from asyncproof.receiver.example import PICTURE
from asyncproof.wire.dialect import Dialect, dialect
from asyncproof.wire.profile import parse
from tests.unit.wire.test_dialect import QUEUE


def example(**changes: str) -> str:
    text = QUEUE
    for name, value in changes.items():
        text = re.sub(rf'(?m)^{name} = "[^"]*"$(?![\s\S]*^{name} = )', f'{name} = "{value}"', text)
    return shape_of(Dialect(parse(text))).example


def body(command: str) -> object:
    return json.loads(command.partition("-d '")[2].removesuffix("'"))


def test_a_form_of_the_documents_is_sent_by_their_names() -> None:
    assert MULTIPART.example == shape_of(dialect("inference")).example
    assert "-F job_id=hello -F status=completed -F image=@picture.png" in MULTIPART.example
    assert '"X-Callback-Secret: $ASYNC_CALLBACK_SECRET"' in MULTIPART.example


def test_json_has_its_fields_at_their_places() -> None:
    told = example()
    assert told.startswith("curl {url} -H 'Content-Type: application/json'")
    job = {"id": "hello", "state": "done"}
    assert body(told) == {"job": job, "pictures": ["http://127.0.0.1/picture.png"]}


def test_a_picture_in_base64_is_put_in_by_the_shell() -> None:
    told = example(picture="output.*.b64", encoding="base64")
    assert f"'{PICTURE}'" in told
    assert body(told.replace(f"'{PICTURE}'", "")) == {
        "job": {"id": "hello", "state": "done"},
        "output": [{"b64": ""}],
    }


def test_a_form_with_other_names_and_a_header_of_its_own() -> None:
    text = QUEUE.replace('body = "json"', 'body = "multipart"').replace(
        'proof = "nothing"', 'proof = "header"\nheader = "X-Key"'
    )
    told = shape_of(Dialect(parse(text))).example
    assert '-H "X-Key: $ASYNC_CALLBACK_SECRET"' in told
    assert "-F job.id=hello -F job.state=done -F pictures.0=@picture.png" in told


@pytest.mark.parametrize("proof", ["hub", "standard-webhooks"])
def test_what_has_to_be_signed_has_none(proof: str) -> None:
    assert example(proof=proof) == ""
