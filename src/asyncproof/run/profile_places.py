"""Whether the places, words and units that a profile names are those of the answers that came.

A place that is wrong for certain is WRONG; one that may be left out of an answer, and was left out
of all, has nothing there; what comes later or with other jobs alone was not seen with this one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from asyncproof.text import cut
from asyncproof.vocabulary import STATUSES
from asyncproof.wire.dialect import CallbackRead, Dialect
from asyncproof.wire.places import at, leaves
from asyncproof.wire.profile import CallbackTable, ProgressTable, StatusTable
from asyncproof.wire.protocol import JsonBody, MinerAnswer

T = TypeVar("T")
SHOWN = 300  # characters of the places that are there


class Mark(StrEnum):
    """How a line is as it should be."""

    OK = "ok"
    WRONG = "WRONG"
    NOTHING = "nothing"
    UNSEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Understood:
    """One line: ``what`` it is about, what was ``told``, and how that is."""

    what: str
    told: str
    mark: Mark = Mark.OK

    @property
    def good(self) -> bool:
        return self.mark is not Mark.WRONG


@dataclass(frozen=True)
class Overheard(Dialect):
    """The dialect of a profile, which keeps what it was given to read: the objects of answers to
    submissions and about jobs, and those of callbacks."""

    submissions: list[JsonBody] = field(default_factory=list)
    statuses: list[JsonBody] = field(default_factory=list)
    callbacks: list[JsonBody] = field(default_factory=list)

    def read_submission(self, job: str, answer: MinerAnswer, secret: str, at: float) -> Any:
        self.submissions.extend(_objects(answer))
        return super().read_submission(job, answer, secret, at)

    def read_status(self, job: str, answer: MinerAnswer, secret: str, at: float) -> Any:
        self.statuses.extend(_objects(answer))
        return super().read_status(job, answer, secret, at)

    def read_callback(self, data: JsonBody) -> CallbackRead:
        self.callbacks.append(data)
        return super().read_callback(data)

    def read_form(self, form: Mapping[str, T]) -> dict[str, T]:
        self.callbacks.append(_nested(form))
        return super().read_form(form)


def _nested(form: Mapping[str, Any]) -> JsonBody:
    """The texts of a form as an object, in which a name with dots leads as deep as places do."""
    found: JsonBody = {}
    for name, text in form.items():
        *within, last = name.split(".")
        inner = found
        for key in within:
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                break
        else:
            inner[last] = getattr(text, "value", text)
    return found


def _objects(answer: MinerAnswer) -> Iterator[JsonBody]:
    """The JSON object of an answer 2xx."""
    if answer.status_code is None or not 200 <= answer.status_code < 300:
        return
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        return
    if isinstance(data, dict):
        yield data


def places(heard: Overheard, *, completed: bool) -> Iterator[Understood]:
    """What is to say of each table, of a job that ``completed`` or did not."""
    profile = heard.profile
    if heard.submissions:
        yield from _of_the_submission(heard)
    if heard.statuses and profile.status is not None:
        yield from _of_the_status(profile.status, heard, completed=completed)
    if heard.callbacks and profile.callback is not None:
        yield from _of_the_callback(profile.callback, heard, completed=completed)


def _of_the_submission(heard: Overheard) -> Iterator[Understood]:
    table = heard.profile.submit
    names = ("id", "state", "accepted", "status_url", "result_url", "message")
    named = {name: getattr(table, name) for name in names}
    absent = {"id": Mark.WRONG, "message": Mark.UNSEEN}
    yield from _table("[submit]", named, heard.submissions, absent)
    where = "[status.words]" if heard.profile.status else "[callback.words]"
    yield from _words("[submit]", table.state, heard.states, where, heard.submissions)


def _of_the_status(
    table: StatusTable, heard: Overheard, *, completed: bool
) -> Iterator[Understood]:
    times = ("queued_at", "started_at", "completed_at", "failed_at")
    names = ("id", "state", *times, "result_url", "image_url", "seed", "callback", "error")
    named = {name: getattr(table, name) for name in names}
    ends = Mark.WRONG if completed else Mark.UNSEEN
    absent = {
        "state": Mark.NOTHING if table.absent or table.flags else Mark.WRONG,
        "completed_at": ends,
        "callback": ends,
        "failed_at": Mark.UNSEEN,
        "error": Mark.UNSEEN,
    }
    yield from _table("[status]", named, heard.statuses, absent)
    yield from _table("[status.flags]", {flag: (flag,) for flag in table.flags}, heard.statuses, {})
    yield from _words("[status]", table.state, table.words, "[status.words]", heard.statuses)
    if table.progress is not None:
        yield from _of_progress(table.progress, heard, completed=completed)


def _of_the_callback(
    table: CallbackTable, heard: Overheard, *, completed: bool
) -> Iterator[Understood]:
    ends = Mark.WRONG if completed else Mark.UNSEEN
    named = {name: getattr(table, name) for name in ("id", "state", "completed_at", "image_url")}
    if table.body == "json" and table.picture:
        named["picture"] = (table.picture,)
    absent = {
        "id": Mark.WRONG,
        "state": Mark.WRONG,
        "completed_at": ends,
        "picture": Mark.NOTHING if table.image_url else ends,
        "error": Mark.UNSEEN,
    }
    yield from _table("[callback]", {**named, "error": table.error}, heard.callbacks, absent)
    words, known = (table.words, "callback") if table.words else (heard.states, "status")
    yield from _words("[callback]", table.state, words, f"[{known}.words]", heard.callbacks)


def _table(
    what: str,
    named: Mapping[str, Sequence[str]],
    seen: Sequence[JsonBody],
    absent: Mapping[str, Mark],
) -> Iterator[Understood]:
    """A line for all places of a table that are there, and one for each that is not."""
    there = {name for name, where in named.items() if _found(where, seen)}
    if there:
        told = ", ".join(f"{name} at {' or '.join(named[name])}" for name in named if name in there)
        yield Understood(what, told)
    for name, where in named.items():
        if not where or name in there:
            continue
        mark = absent.get(name, Mark.NOTHING)
        yield Understood(what, f"{name}: {_absent(where, seen, mark)}", mark)


def _absent(where: Sequence[str], seen: Sequence[JsonBody], mark: Mark) -> str:
    if mark is Mark.UNSEEN:
        return f"nothing came at {' or '.join(where)} with this job"
    cure = "; leave it out if there is none" if mark is Mark.NOTHING else ""
    return f"nothing is at {' or '.join(where)}. There are: {what_is_there(seen)}{cure}"


def what_is_there(seen: Iterable[JsonBody]) -> str:
    """The places at which these objects have something, for a person."""
    return cut(", ".join(dict.fromkeys(p for one in seen for p in leaves(one))), SHOWN) or "none"


def _found(where: Sequence[str], seen: Iterable[JsonBody]) -> list[Any]:
    """What is at the first of these places that is there, in each object that has one."""
    each = (next((v for p in where if (v := at(one, p)) is not None), None) for one in seen)
    return [value for value in each if value is not None]


def _words(
    what: str, where: Sequence[str], words: Mapping[str, str], table: str, seen: Sequence[JsonBody]
) -> Iterator[Understood]:
    """Each word for a state that came and that the profile does not have."""
    said = dict.fromkeys(word for word in _found(where, seen) if isinstance(word, str))
    for word in said:
        if word not in words:
            means = word if word in STATUSES else "..."
            cure = f'add {json.dumps(word)} = "{means}" to {table}'
            told = (
                f"state: {word!r} came, which the profile does not know: {cure}, with what it means"
            )
            yield Understood(what, told, Mark.WRONG)


def _of_progress(
    progress: ProgressTable, heard: Overheard, *, completed: bool
) -> Iterator[Understood]:
    what, seen = "[status.progress]", heard.statuses
    told = [one for one in seen if _found(progress.at, [one])]
    if not told:
        at_work = any(heard.read_object(one).get("status") == "processing" for one in seen)
        mark = Mark.WRONG if at_work else Mark.UNSEEN
        yield Understood(what, f"at: {_absent(progress.at, seen, mark)}", mark)
        return
    numbers = _found(progress.at, told)
    ends = [one for one in told if heard.read_object(one).get("status") == "completed"]
    wrong = _unit_fault(progress, told, numbers)
    if not wrong and progress.unit == "percent" and completed:
        wrong = _fraction_told(numbers, _found(progress.at, ends))
    shown = ", ".join(json.dumps(number) for number in dict.fromkeys(map(_hashable, numbers)))
    unit = f"{progress.unit} of {progress.of}" if progress.of else progress.unit
    kind = Mark.WRONG if wrong else Mark.OK
    yield Understood(what, f"{cut(shown, 80)} in {unit}{': ' + wrong if wrong else ''}", kind)


def _hashable(value: Any) -> Any:
    return value if isinstance(value, int | float | str | bool) else json.dumps(value)


def _unit_fault(progress: ProgressTable, told: Sequence[JsonBody], numbers: Sequence[Any]) -> str:
    """Why these cannot be numbers of this unit; empty where they can."""
    strange = [n for n in numbers if isinstance(n, bool) or not isinstance(n, int | float)]
    if strange:
        return f"{cut(json.dumps(strange[0]), 40)} is no number"
    if min(numbers) < 0:
        return f"{min(numbers):g} is below 0"
    if progress.unit == "steps":
        return _steps_fault(progress, told, numbers)
    most, whole = max(numbers), 1 if progress.unit == "fraction" else 100
    other = "percent" if progress.unit == "fraction" else "steps"
    return f'{most:g} is more than {whole}: is it unit = "{other}"?' if most > whole else ""


def _fraction_told(numbers: Sequence[float], at_the_end: Sequence[float]) -> str:
    """Why these cannot be percents of a job that completed; empty where they can."""
    most = max(numbers)
    broken = any(number != int(number) for number in numbers)
    if 0 < most <= 1 and (broken or 1 in at_the_end):
        return f'{most:g} is the most of a job that completed: is it unit = "fraction"?'
    return ""


def _steps_fault(
    progress: ProgressTable, told: Sequence[JsonBody], numbers: Sequence[float]
) -> str:
    for one, number in zip(told, numbers, strict=True):
        whole = at(one, progress.of) if isinstance(progress.of, str) else progress.of
        if isinstance(whole, bool) or not isinstance(whole, int | float) or whole <= 0:
            return f"of: no number of steps is at {progress.of}. There are: {what_is_there([one])}"
        if number > whole:
            return f"{number:g} is more than {whole:g}, which `of` says is the number of steps"
    if any(number != int(number) for number in numbers):
        return 'that is no whole number of steps: is it unit = "fraction", or "percent"?'
    return ""
