"""Reads JSON objects that may be malformed: valid fields count, invalid ones are reported one by
one, and nothing raises."""

import json
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from asyncproof.text import cut, quoted

SHOWN = 60  # characters of an actual value that are shown


class Wire(BaseModel):
    """A JSON object of the protocol. Every field has a default, because it may be missing."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


M = TypeVar("M", bound=Wire)


class FieldView(Protocol):
    """Where an object has which field of a model."""

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        """The fields that were found, by their names in the model."""
        ...

    def spoken(self, name: str) -> str:
        """What the object calls a field of the model."""
        ...


def read_object(
    model: type[M], body: bytes, content_type: str, view: FieldView
) -> tuple[M, tuple[str, ...]]:
    """The object in ``body``, seen by ``view``, and its problems."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return model(), (_no_json(body, content_type),)
    if not isinstance(data, dict):
        return model(), (f"a JSON object was expected, got {cut(json.dumps(data), SHOWN)}",)
    return validated(model, view(data), view.spoken)


def validated(
    model: type[M], data: dict[str, Any], spoken: Callable[[str], str] = str
) -> tuple[M, tuple[str, ...]]:
    """The valid fields; invalid ones are removed from ``data`` and reported, by the names that are
    ``spoken`` for them."""
    try:
        return model.model_validate(data), ()
    except ValidationError as error:
        wrong = error.errors(include_url=False)
    problems = tuple(
        f"{_dotted((spoken(str(e['loc'][0])), *e['loc'][1:]))}: {_said(e)}, "
        f"got {quoted(str(e['input']), SHOWN)}"
        for e in wrong
    )
    for entry in wrong:
        _drop(data, entry["loc"])
    return model.model_validate(data), problems


def _said(error: ErrorDetails) -> str:
    """What was expected, without the names of our classes."""
    return "Input should be an object" if error["type"] == "model_type" else error["msg"]


def _dotted(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))


def _drop(data: dict[str, Any], location: tuple[int | str, ...]) -> None:
    *parents, last = location
    inner: Any = data
    for name in parents:
        inner = inner[name]
    inner.pop(last, None)


def _no_json(body: bytes, content_type: str) -> str:
    """A description of a body that is not JSON."""
    if not body:
        return "not JSON but an empty body"
    text, kind = body.strip(), content_type or "no Content-Type"
    shown = quoted(body[: 2 * SHOWN].decode("utf-8", "replace"), SHOWN)
    if not text.startswith((b"{", b"[")):
        return f"not JSON but {'HTML' if text.startswith(b'<') else 'text'} ({kind}): {shown}"
    if not text.endswith((b"}", b"]")):
        return f"JSON that breaks off after {len(body)} bytes ({kind}): {shown}"
    return f"JSON that cannot be read ({kind}): {shown}"
