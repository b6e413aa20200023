"""One job as the page's drawer tells it: every event in order, in words and fields."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Delivered,
    Downloaded,
    GaveUp,
    NemesisActed,
    Polled,
    Probed,
    Settled,
    Submitted,
    ToldToWait,
    Unchanged,
)
from asyncproof.text import counted, cut

BODY_SHOWN = 2000  # characters; the whole is in the history
# Fields that the sentence of an event says, or that say the same in every event.
SAID = frozenset({"type", "at", "job", "token", "status_code", "took", "number", "began", "method"})


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with the number of its line in the history. ``tone`` is empty, ``good`` or ``bad``;
    ``fields`` are names and texts."""

    line: int
    at: float
    kind: str
    said: str
    tone: str
    fields: tuple[tuple[str, str], ...]

    def as_data(self) -> list[Any]:
        """As the page reads it, without the names: a run has many."""
        at = round(self.at, 3)
        return [self.line, at, self.kind, self.said, self.tone, [list(f) for f in self.fields]]


def entries(numbered: Iterable[tuple[int, AsyncEvent]]) -> Iterator[Entry]:
    """The events of one job with the lines where they stand, in the order of time."""
    before: Polled | None = None
    for line, event in sorted(numbered, key=lambda each: (_at(each[1]), each[0])):
        kind, said, tone = _TOLD[type(event)](event)
        fields = _fields(event)
        if isinstance(event, Polled):
            fields = _changed(before, fields)
            before = event
        yield Entry(line, _at(event), kind, said, tone, tuple(fields))


def _at(event: AsyncEvent) -> float:
    """When it happened, or began to: equal polls are recorded when the next one differs."""
    return event.since if isinstance(event, Unchanged) else event.at


def lines_told(numbers: Iterable[int]) -> str:
    """Line numbers as people (and ``sed -n``) write them: ``12, 15-20``."""
    runs = list[list[int]]()
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _fields(event: AsyncEvent) -> list[tuple[str, str]]:
    raw = msgspec.to_builtins(event)
    flat = list[tuple[str, str]]()
    for name, value in raw.items():
        if name in SAID or value is None:
            continue
        if isinstance(value, dict):
            inside = {inner: each for inner, each in value.items() if each is not None}
            flat += [(f"{name}.{inner}", _text(each)) for inner, each in inside.items()]
        else:
            flat.append((name, _text(value)))
    return flat


def _text(value: object) -> str:
    if isinstance(value, float):
        value = round(value, 3)
    if isinstance(value, list | tuple):  # what is wrong with an answer, one a line
        value = "\n".join(map(str, value))
    told = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return cut(told, BODY_SHOWN)


def _changed(before: Polled | None, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of a poll, only what the poll before it did not say."""
    known = set(_fields(before)) if before is not None else set()
    return [field for field in fields if field not in known]


Told = tuple[str, str, str]  # kind, sentence, tone


def _submitted(event: Submitted) -> Told:
    return "request", "submitted" if event.expects_callback else "submitted, no callback", ""


def _answered(event: Answered) -> Told:
    said = f"answered {event.status_code or event.error} after {event.took:.3f} s"
    return "answer", said, "" if event.takes_the_job else "bad"


def _told_to_wait(event: ToldToWait) -> Told:
    return "answer", f"the {event.what} was answered 429: wait {event.wait:g} s", ""


def _polled(event: Polled) -> Told:
    parts = [event.status or event.error or f"answered {event.status_code}"]
    parts += [f"{event.progress:g} %"] if event.progress is not None else []
    parts += [f"callback {event.callback.status}"] if event.callback else []
    bad = event.error or event.problems or event.status in ("failed", "timeout")
    return "poll", ", ".join(parts), "bad" if bad else ""


def _unchanged(event: Unchanged) -> Told:
    times = f"{counted(event.count, 'more poll')} said the same"
    return "poll", f"{times} until {event.at:.1f} s", ""


def _delivered(event: Delivered) -> Told:
    came = f"{event.method} {event.path}, {max(0.0, event.at - event.began):.3f} s"
    ours = f"we answered {event.answered}" if event.answered else "we sent no answer"
    good = event.stored and event.secret == "match"
    return "callback", f"{came}; {ours}", "good" if good else "bad"


def _downloaded(event: Downloaded) -> Told:
    said = f"downloaded {event.what}: {event.status_code or event.error}, {event.took:.3f} s"
    return "download", said, "" if event.file is not None else "bad"


def _gave_up(event: GaveUp) -> Told:
    said = f"gave up waiting for {event.waiting_for} after {event.waited:.1f} s"
    return "gave-up", said, "bad"


def _settled(_: Settled) -> Told:
    return "settled", "nothing more was asked about it", ""


def _acted(event: NemesisActed) -> Told:
    return "nemesis", f"we, on purpose ({event.nemesis}): {event.act}", ""


def _probed(event: Probed) -> Told:
    said = f"{event.method} {event.path}: {event.status_code or event.error}"
    return "probe", said, ""


_TOLD: dict[type, Callable[[Any], Told]] = {
    Submitted: _submitted,
    Answered: _answered,
    ToldToWait: _told_to_wait,
    Polled: _polled,
    Unchanged: _unchanged,
    Delivered: _delivered,
    Downloaded: _downloaded,
    GaveUp: _gave_up,
    Settled: _settled,
    NemesisActed: _acted,
    Probed: _probed,
}
