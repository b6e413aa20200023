"""Dotted places in JSON: ``output.images.0.url``; ``*`` is each item of a list."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

DEEPEST = 12  # levels of an answer that are shown
MOST_FOUND = 64  # values at one place; a list in an answer is the server's


def at(content: Any, place: str) -> Any:
    """The first value at a place that is not null; None if there is none."""
    if isinstance(content, dict) and place != "*" and place and "." not in place:
        return content.get(place)  # one name, as nearly all are, is read for every poll
    return next(every(content, place), None)


def every(content: Any, place: str) -> Iterator[Any]:
    """Each value at a place that is not null, at most ``MOST_FOUND``."""
    return islice(_every(content, place.split(".") if place else []), MOST_FOUND)


def leaves(content: Any) -> Iterator[str]:
    """The places at which there is something other than an object or a list, at most
    ``MOST_FOUND``; of a list, those of its first item."""
    return islice(_leaves(content, (), DEEPEST), MOST_FOUND)


def _leaves(content: Any, keys: tuple[str, ...], deeper: int) -> Iterator[str]:
    inner = {"0": content[0]} if isinstance(content, list) and content else content
    if isinstance(inner, dict) and inner and deeper:
        for key, value in inner.items():
            yield from _leaves(value, (*keys, str(key)), deeper - 1)
    elif content is not None and keys:
        yield ".".join(keys)


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
