"""In which line of a TOML text a key stands, for messages about it."""

import re
from collections.abc import Sequence

_TABLE = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*([\w.-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w-]+)*\s*=""")


def line_of(text: str, location: Sequence[int | str]) -> int:
    """The number, from 1, of the line that sets the key at this location, else of the nearest thing
    around it that is written down; 1 for the document as a whole."""
    wanted = tuple(str(key) for key in location if isinstance(key, str))
    best, best_line, table = 0, 1, tuple[str, ...]()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _TABLE.match(line):
            table = _keys(found[1])
            here = table
        elif found := _KEY.match(line):
            here = (*table, *_keys(line.partition("=")[0]))
        else:
            continue
        depth = _shared(here, wanted)
        if depth == len(here) and depth > best:
            best, best_line = depth, number
    return best_line


def line_with(text: str, part: str, first: int) -> int:
    """The number of the line, from ``first`` on, that has this part; ``first`` if none has."""
    lines = enumerate(text.splitlines()[first - 1 :], start=first)
    return next((number for number, line in lines if part in line), first)


def _keys(dotted: str) -> tuple[str, ...]:
    parts = re.findall(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*\.?""", dotted)
    return tuple(part.strip("\"'") for part in parts)


def _shared(here: Sequence[str], wanted: Sequence[str]) -> int:
    depth = 0
    for one, other in zip(here, wanted, strict=False):
        if one != other:
            break
        depth += 1
    return depth
