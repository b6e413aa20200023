"""Tolerant parsers for a worker's answers: every problem becomes a line of text."""

import json
from dataclasses import dataclass, field
from typing import Any

from asyncproof.worker.profile import Endpoint, JsonInference, StreamInference, at

LONGEST_ERROR = 300  # characters kept of a worker's error
LONGEST_KEPT = 2000  # characters of a text or body kept in the history


def endpoint_problems(endpoint: Endpoint, status_code: int, body: str) -> tuple[str, ...]:
    """How an answer of the health or ready page differs from a good one."""
    problems = [] if status_code == 200 else [f"status: expected 200, got {status_code}"]
    try:
        content = json.loads(body)
    except ValueError:
        return (*problems, "body: expected JSON") if endpoint.expect else tuple(problems)
    for place, expected in endpoint.expect.items():
        if (actual := at(content, place)) != expected:
            problems.append(f"{place}: expected {json.dumps(expected)}, got {json.dumps(actual)}")
    return tuple(problems)


@dataclass(frozen=True, slots=True)
class WorkerAnswer:
    """The parts of a JSON answer; empty or 0 where they are missing."""

    text: str = ""
    tokens: int = 0
    finish_reason: str = ""
    problems: tuple[str, ...] = ()
    error: str = ""
    sums: str = ""


def read_answer(shape: JsonInference, body: str) -> WorkerAnswer:
    try:
        content = json.loads(body)
    except ValueError:
        return WorkerAnswer(problems=("body: expected JSON",))
    problems = list[str]()

    def part(place: str, kind: type, default: Any) -> Any:
        value = at(content, place) if place else default
        if type(value) is kind:
            return value
        problems.append(f"{place}: expected {_KINDS[kind]}, got {json.dumps(value)[:80]}")
        return default

    text, tokens = part(shape.text, str, ""), part(shape.tokens, int, 0)
    reason = part(shape.finish_reason, str, "")
    error = said_error(content) if problems else ""
    return WorkerAnswer(
        text, tokens, reason, tuple(problems), error, wrong_sum(content, shape.tokens)
    )


def said_error(content: Any, named: str = "") -> str:
    """The text of an error instead of an answer; empty if it is not one. ``named`` is the name of
    the server-sent event that it came in."""
    if not isinstance(content, dict):
        return str(content) if named == "error" else ""
    error = content.get("error")
    if not error and "error" in (named, content.get("type"), content.get("object")):
        error = content.get("message") or content.get("detail") or content
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    if not error or isinstance(error, bool):
        return ""
    return (error if isinstance(error, str) else json.dumps(error))[:LONGEST_ERROR]


def wrong_sum(content: Any, place: str) -> str:
    """What does not add up in the counts next to the one at ``place``, with OpenAI's names."""
    parent = place.rpartition(".")[0]
    usage = at(content, parent) if parent else None
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    given = [usage.get(name) for name in names] if isinstance(usage, dict) else []
    counts = [count for count in given if type(count) is int]
    if len(counts) < len(names):
        return ""
    prompt, completion, total = counts
    if min(counts) < 0 or prompt + completion != total:
        return f"{prompt} prompt tokens and {completion} completion tokens, {total} in total"
    return ""


_KINDS = {str: "text", int: "a whole number"}


def whole(text: str, problems: list[str]) -> str:
    """The text without half characters (``\\ud83d`` alone in JSON); each is a problem."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        problems.append(f"half a character, {text[error.start]!a}")
        return text.encode(errors="replace").decode()
    return text


def decoded(data: bytes) -> tuple[str, str]:
    """The text, and the problems of its bytes. A split character counts both at the end of one
    event and at the start of the next."""
    try:
        return data.decode(), ""
    except UnicodeDecodeError as error:
        around = data[max(0, error.start - 8) : error.start + 8]
        return data.decode(errors="replace"), f"{error.reason} in {around!r}"


class EventStream:
    """Server-sent events from bytes: the data of each whole event, in order (WHATWG HTML 9.2).
    ``names`` are those of the events of the last call, ``encoding`` says which bytes of all of them
    were no UTF-8."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._name = ""
        self.names: list[str] = []
        self.encoding: list[str] = []

    def feed(self, data: bytes) -> list[str]:
        *lines, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n")
        events = list[str]()
        self.names = []
        for line in lines:
            if not line:
                if self._data:
                    events.append("\n".join(self._data))
                    self.names.append(self._name)
                self._data, self._name = [], ""
            elif line.startswith(b"data:"):
                self._data.append(self._text(line[5:].removeprefix(b" ")))
            elif line.startswith(b"event:"):
                self._name = self._text(line[6:].removeprefix(b" "))
        return events

    def _text(self, data: bytes) -> str:
        text, wrong = decoded(data)
        if wrong:
            self.encoding.append(wrong)
        return text


@dataclass(slots=True)
class StreamTally:
    """Counts the contents of one stream. Times come from the caller."""

    shape: StreamInference
    max_tokens: int
    texts: list[str] = field(default_factory=list)
    finish_reason: str = ""
    first_token: float | None = None
    last_event: float | None = None
    longest_gap: float = 0.0
    last_token: float | None = None
    ends: int = 0
    counted: int | None = None
    sums: str = ""
    error: str = ""
    problems: list[str] = field(default_factory=list)
    encoding: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether only the end mark may follow."""
        return (
            bool(self.finish_reason or self.error)
            or len(self.texts) >= self.max_tokens
            or self.ends > 0
        )

    def take(self, data: str, now: float, name: str = "") -> None:
        """One event, by its data and its name."""
        if self.last_event is not None:
            self.longest_gap = max(self.longest_gap, now - self.last_event)
        self.last_event = now
        if data == self.shape.end:
            self.ends += 1
            return
        try:
            content = json.loads(data)
        except ValueError:
            if name == "error":
                self.error = self.error or data[:LONGEST_ERROR]
                return
            self.problems.append(f"event {len(self.texts) + 1}: expected JSON, got {data[:80]!r}")
            return
        if error := said_error(content, name):
            self.error = self.error or error
            return
        self._read(content, now)

    def _read(self, content: Any, now: float) -> None:
        token, reason = at(content, self.shape.token), at(content, self.shape.finish_reason)
        if isinstance(reason, str):
            self.finish_reason = reason
        if self.shape.tokens:
            count = at(content, self.shape.tokens)
            self.counted = count if type(count) is int else self.counted
            self.sums = wrong_sum(content, self.shape.tokens) or self.sums
        if isinstance(token, str) and token:
            self.texts.append(whole(token, self.encoding))
            self.last_token = now
            self.first_token = now if self.first_token is None else self.first_token
        elif token is not None and not isinstance(token, str):
            self.problems.append(f"{self.shape.token}: expected text, got {json.dumps(token)[:80]}")
