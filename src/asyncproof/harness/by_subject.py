"""What every suite builds its record from: the events of a run, by subject and by kind. Pure."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

E = TypeVar("E")
K = TypeVar("K")


class EventGroup(Generic[E]):
    """Events in the order in which they happened, found by their kind."""

    def __init__(self) -> None:
        self.events: list[E] = []
        self._by_kind: dict[type, list[Any]] = {}

    def add(self, event: E) -> None:
        self.events.append(event)
        self._by_kind.setdefault(type(event), []).append(event)

    def all(self, kind: type[K]) -> list[K]:
        """The events of exactly this class."""
        return list(self._by_kind.get(kind, ()))

    def last(self, kind: type[K]) -> K | None:
        found = self._by_kind.get(kind)
        return found[-1] if found else None


def by_subject(
    events: Iterable[E], subject: Callable[[E], str]
) -> tuple[EventGroup[E], dict[str, EventGroup[E]]]:
    """The events of the run as a whole, whose ``subject`` is empty, and those of each subject, in
    the order in which the subjects first appear."""
    whole, groups = EventGroup[E](), dict[str, EventGroup[E]]()
    for event in events:
        name = subject(event)
        (groups.setdefault(name, EventGroup()) if name else whole).add(event)
    return whole, groups
