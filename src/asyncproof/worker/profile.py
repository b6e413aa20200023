"""A profile describes a worker to this suite: its command, its paths, the shape of its answers.

The format, field by field, is in docs/worker.md.
"""

import shlex
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from asyncproof.harness.named_profiles import NoSuchProfileError, named_profile
from asyncproof.worker.heartbeats import NONE, SCHEMAS

FOLDER = Path(__file__).with_name("profiles")
PLACEHOLDERS = (
    "worker_id",
    "model",
    "backend",
    "device",
    "port",
    "hive_url",
    "heartbeat_interval",
    "python",
)


class ProfileError(ValueError):
    """An unusable profile or command; the message names the file, the field and the cure."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Endpoint(_Part):
    """A page that says how the worker is: ``expect`` are the fields its 200 answer must have."""

    path: str
    expect: dict[str, Any] = Field(default_factory=dict)


class JsonInference(_Part):
    """One request, one JSON answer. ``text``, ``tokens`` and ``finish_reason`` are dotted places
    in it; an empty one means that the answer does not have it."""

    path: str
    body: dict[str, Any]
    text: str = "text"
    tokens: str = "tokens"
    finish_reason: str = "finish_reason"


class StreamInference(_Part):
    """Server-sent events: from the answer itself, or from the url at ``url`` in it.

    ``token``, ``finish_reason`` and ``tokens`` (the worker's own count, optional) are dotted places
    in an event; ``end`` is the data of the end mark; ``longest`` is the most tokens that the suite
    may request at once.
    """

    path: str
    body: dict[str, Any]
    url: str = ""
    token: str = "t"
    finish_reason: str = "finish_reason"
    tokens: str = ""
    end: str = "[DONE]"
    longest: int = Field(default=2048, ge=1)

    @property
    def names_reason(self) -> bool:
        """Whether the profile itself says where the finish reason is: then it is required."""
        return bool(self.finish_reason) and "finish_reason" in self.model_fields_set


class Heartbeats(_Part):
    """``interval`` in seconds; the schema is one of ``SCHEMAS``, or ``none``."""

    schema_name: str = Field(alias="schema")
    interval: float = Field(default=30.0, gt=0)

    @model_validator(mode="after")
    def _known(self) -> "Heartbeats":
        if self.schema_name not in (NONE, *SCHEMAS):
            raise ValueError(f"schema: expected one of {', '.join((NONE, *SCHEMAS))}")
        return self


class Profile(_Part):
    """One kind of worker. ``slots`` is how many generations it makes at once."""

    description: str = ""
    command: str = ""
    slots: int = Field(default=4, ge=1, le=64)
    health: Endpoint
    ready: Endpoint
    heartbeat: Heartbeats
    inference: JsonInference | None = None
    stream: StreamInference | None = None

    @model_validator(mode="after")
    def _infers(self) -> "Profile":
        if self.inference is None and self.stream is None:
            raise ValueError("a profile needs a table [inference] or [stream], or both")
        return self


def load(name_or_path: str) -> Profile:
    """The bundled profile of this name, or the one in this file.

    Raises:
        ProfileError: there is none, or it is not a profile.
    """
    try:
        path, text = named_profile(name_or_path, FOLDER)
    except NoSuchProfileError as error:
        raise ProfileError(str(error)) from error
    try:
        return parse(text)
    except ProfileError as error:
        raise ProfileError(f"profile {path}: {error}") from error


def parse(text: str) -> Profile:
    """Read a profile from TOML."""
    try:
        return Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"not TOML: {error}") from error
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'profile'}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        ]
        raise ProfileError("; ".join(problems)) from error


def command_line(template: str, values: Mapping[str, object]) -> list[str]:
    """The words of the command with its ``{placeholders}`` filled in; values are never split.

    Raises:
        ProfileError: a placeholder is unknown, or a quote is not closed.
    """
    known = {**values, "python": sys.executable}
    try:
        return [word.format_map(known) for word in shlex.split(template)]
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        there = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        problem = f"the command {template!r} is invalid: {error}; placeholders: {there}"
        raise ProfileError(problem) from error


def fill(body: Any, prompt: str, max_tokens: int) -> Any:
    """A request body with ``"{prompt}"`` and ``"{max_tokens}"`` (a number then) filled in."""
    match body:
        case dict():
            return {key: fill(value, prompt, max_tokens) for key, value in body.items()}
        case list():
            return [fill(value, prompt, max_tokens) for value in body]
        case "{max_tokens}":
            return max_tokens
        case str():
            return body.replace("{prompt}", prompt)
    return body


def tells_limit(body: Any) -> bool:
    """Whether a request with this body limits the number of tokens."""
    return bool(fill(body, "", 1) != fill(body, "", 2))


def at(content: Any, place: str) -> Any:
    """The value at a dotted place (``choices.0.text``); None if there is none."""
    for key in place.split("."):
        if isinstance(content, list) and key.isdigit():
            content = content[int(key)] if int(key) < len(content) else None
        else:
            content = content.get(key) if isinstance(content, dict) else None
    return content
