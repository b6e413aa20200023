"""Reads JSON objects of which nobody knows how well they are made: what is right counts, what is
wrong is told field by field, and nothing raises."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from tests.e2e.async_inference.quoting import cut, quoted

SHOWN = 60  # characters of what was got in place of what was expected


class Wire(BaseModel):
    """An object on the wire. Each of its fields has a default: any of them may be missing."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


M = TypeVar("M", bound=Wire)


def read_object(
    model: type[M], body: bytes, content_type: str, alias: Mapping[str, str]
) -> tuple[M, tuple[str, ...]]:
    """The object in ``body``, and what is wrong with it. ``alias`` holds second names of fields."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return model(), (_no_json(body, content_type),)
    if not isinstance(data, dict):
        return model(), (f"a JSON object was expected, got {cut(json.dumps(data), SHOWN)}",)
    for name, other in alias.items():
        data.setdefault(name, data.get(other))
    return validated(model, data)


def validated(model: type[M], data: dict[str, Any]) -> tuple[M, tuple[str, ...]]:
    """The fields that are right; those that are not are dropped from ``data``, and told."""
    try:
        return model.model_validate(data), ()
    except ValidationError as error:
        wrong = error.errors(include_url=False)
    problems = tuple(
        f"{_dotted(e['loc'])}: {_said(e)}, got {quoted(str(e['input']), SHOWN)}" for e in wrong
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
    """What there is in place of JSON."""
    if not body:
        return "not JSON but an empty body"
    text, kind = body.strip(), content_type or "no Content-Type"
    shown = quoted(body[: 2 * SHOWN].decode("utf-8", "replace"), SHOWN)
    if not text.startswith((b"{", b"[")):
        return f"not JSON but {'HTML' if text.startswith(b'<') else 'text'} ({kind}): {shown}"
    if not text.endswith((b"}", b"]")):
        return f"JSON that breaks off after {len(body)} bytes ({kind}): {shown}"
    return f"JSON that cannot be read ({kind}): {shown}"
