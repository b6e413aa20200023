"""What can be switched on in a reference server: by family, by name, and as a list."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import ModuleType
from typing import ClassVar, TypeVar


class Entry:
    """One defect, or one permitted difference. ``clause`` names the clause that the defect breaks,
    empty for what is permitted."""

    name: ClassVar[str]
    does: ClassVar[str]
    clause: ClassVar[str] = ""


Families = Mapping[str, ModuleType]
"""Modules of entries by their heading."""
E = TypeVar("E", bound=Entry)


def members(family: ModuleType, kind: type[E]) -> tuple[type[E], ...]:
    """The entries that a module defines, in order; a class without its own name is a base."""
    classes = (found for found in vars(family).values() if isinstance(found, type))
    return tuple(found for found in classes if issubclass(found, kind) and "name" in vars(found))


def by_name(families: Families, kind: type[E]) -> dict[str, type[E]]:
    """The entries of all families."""
    return {entry.name: entry for family in families.values() for entry in members(family, kind)}


def listing(title: str, families: Families, width: int) -> Iterator[str]:
    """Each family under its heading, its names in a column of ``width``."""
    for heading, family in families.items():
        yield f"{title}: {heading}"
        for entry in members(family, Entry):
            clause = f"  [{entry.clause}]" if entry.clause else ""
            yield f"  {entry.name:{width}}  {entry.does}{clause}"
        yield ""


def unknown(kind: str, name: str, names: Iterable[str]) -> str:
    """One sentence: there is no such ``kind``, and the nearest name, if there is one."""
    near = get_close_matches(name, names, n=1)
    cure = f"did you mean {near[0]!r}?" if near else "--list-faults shows them all"
    return f"unknown {kind} {name!r}; {cure}"
