"""Reads JSON objects of which nobody knows how well they are made: what is right counts, what is
wrong is told field by field, and nothing raises."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

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
        return model(), (f"not JSON but {_kind(body, content_type)}",)
    if not isinstance(data, dict):
        return model(), (f"a JSON object was expected, got {json.dumps(data)[:SHOWN]}",)
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
        f"{_dotted(e['loc'])}: {_said(e)}, got {str(e['input'])[:SHOWN]!r}" for e in wrong
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


def _kind(body: bytes, content_type: str) -> str:
    if not body:
        return "an empty body"
    kind = "HTML" if body.lstrip().startswith(b"<") else "text"
    start = body[:SHOWN].decode("utf-8", "replace")
    return f"{kind} ({content_type or 'no Content-Type'}): {start!r}"
