"""Dotted places in JSON: ``output.images.0.url``; ``*`` is each item of a list."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

MOST_FOUND = 64  # values at one place; a list in an answer is the server's


def at(content: Any, place: str) -> Any:
    """The first value at a place that is not null; None if there is none."""
    return next(every(content, place), None)


def every(content: Any, place: str) -> Iterator[Any]:
    """Each value at a place that is not null, at most ``MOST_FOUND``."""
    return islice(_every(content, place.split(".") if place else []), MOST_FOUND)


def _every(content: Any, keys: list[str]) -> Iterator[Any]:
    if not keys:
        if content is not None:
            yield content
        return
    key, rest = keys[0], keys[1:]
    match content:
        case list() if key == "*":
            for item in content:
                yield from _every(item, rest)
        case dict() if key == "*":
            for item in content.values():
                yield from _every(item, rest)
        case list() if key.isascii() and key.isdigit() and int(key) < len(content):
            yield from _every(content[int(key)], rest)
        case dict() if key in content:
            yield from _every(content[key], rest)
