"""Where an answer of a server has which field, and what it means in our own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from asyncproof.wire.places import at
from asyncproof.wire.profile import ProgressTable
from asyncproof.wire.protocol import JsonBody


@dataclass(frozen=True, slots=True)
class AnswerView:
    """Where an answer has which field, what its words mean, and in which unit progress is told."""

    places: Mapping[str, tuple[str, ...]]
    words: Mapping[str, str] = field(default_factory=dict)
    progress: ProgressTable | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    absent: str | None = None

    def __call__(self, data: JsonBody) -> JsonBody:
        """The fields by their names in docs/protocol.md. A word that is unknown stays as it is."""
        seen = {name: _first(data, places) for name, places in self.places.items()}
        if isinstance(word := seen.get("status"), str):
            seen["status"] = self.words.get(word, word)
        flagged = (state for place, state in self.flags.items() if at(data, place) is True)
        seen["status"] = next(flagged, seen.get("status") or self.absent)
        if self.progress is not None:
            seen["progress"] = _percent(self.progress, data)
        return {name: value for name, value in seen.items() if value is not None}

    @property
    def names(self) -> dict[str, str]:
        """What the server calls each field of docs/protocol.md that it has."""
        return {name: self.spoken(name) for name in self.places}

    def spoken(self, name: str) -> str:
        """What the server calls a field of docs/protocol.md."""
        if name == "progress" and self.progress is not None:
            return self.progress.at[0]
        return (self.places.get(name) or (name,))[0]


def _first(data: JsonBody, places: Sequence[str]) -> Any:
    for place in places:
        if (value := at(data, place)) is not None:
            return value
    return None


def _percent(progress: ProgressTable, data: JsonBody) -> Any:
    """From 0 to 100; what is no number stays as it is, and is a finding."""
    told = _first(data, progress.at)
    if not _is_number(told) or progress.unit == "percent":
        return told
    whole: Any = 1
    if progress.unit == "steps":
        whole = at(data, progress.of) if isinstance(progress.of, str) else progress.of
    return 100 * told / whole if _is_number(whole) and whole > 0 else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
