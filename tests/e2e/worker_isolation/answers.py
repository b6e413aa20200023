"""What a worker answers, read tolerantly: everything wrong with it becomes a line of text."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.worker_isolation.profile import Endpoint, JsonInference, StreamInference, at

LONGEST_KEPT = 2000  # characters of a text or body in the history


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
class Answer:
    """The parts of a JSON answer; empty or 0 where they are missing."""

    text: str = ""
    tokens: int = 0
    finish_reason: str = ""
    problems: tuple[str, ...] = ()


def read_answer(shape: JsonInference, body: str) -> Answer:
    try:
        content = json.loads(body)
    except ValueError:
        return Answer(problems=("body: expected JSON",))
    problems = list[str]()

    def part(place: str, kind: type, default: Any) -> Any:
        value = at(content, place) if place else default
        if type(value) is kind:
            return value
        problems.append(f"{place}: expected {_KINDS[kind]}, got {json.dumps(value)[:80]}")
        return default

    text, tokens = part(shape.text, str, ""), part(shape.tokens, int, 0)
    return Answer(text, tokens, part(shape.finish_reason, str, ""), tuple(problems))


_KINDS = {str: "text", int: "a whole number"}


class EventStream:
    """Server-sent events from bytes: the data of each whole event, in order (WHATWG HTML 9.2)."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []

    def feed(self, data: bytes) -> list[str]:
        *lines, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n")
        events = list[str]()
        for line in lines:
            if not line and self._data:
                events.append("\n".join(self._data))
                self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" ").decode(errors="replace"))
        return events


@dataclass(slots=True)
class StreamTally:
    """Counts what comes in one stream. Times are those of the caller."""

    shape: StreamInference
    max_tokens: int
    texts: list[str] = field(default_factory=list)
    finish_reason: str = ""
    first_token: float | None = None
    last_event: float | None = None
    longest_gap: float = 0.0
    ends: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether nothing but the end mark may follow."""
        return bool(self.finish_reason) or len(self.texts) >= self.max_tokens or self.ends > 0

    def take(self, data: str, now: float) -> None:
        if self.last_event is not None:
            self.longest_gap = max(self.longest_gap, now - self.last_event)
        self.last_event = now
        if data == self.shape.end:
            self.ends += 1
            return
        try:
            content = json.loads(data)
        except ValueError:
            self.problems.append(f"event {len(self.texts) + 1}: expected JSON, got {data[:80]!r}")
            return
        self._read(content, now)

    def _read(self, content: Any, now: float) -> None:
        token, reason = at(content, self.shape.token), at(content, self.shape.finish_reason)
        if isinstance(reason, str):
            self.finish_reason = reason
        if isinstance(token, str) and token:
            self.texts.append(token)
            self.first_token = now if self.first_token is None else self.first_token
        elif token is not None and not isinstance(token, str):
            self.problems.append(f"{self.shape.token}: expected text, got {json.dumps(token)[:80]}")
