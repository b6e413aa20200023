"""Continues an interrupted run: files that its output already contains are not judged again."""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np

from asyncproof.validation.bad_ones import MOST

FORMATS = ("jsonl", "csv")
Row: TypeAlias = tuple[str, bool]  # a path, and whether it was valid


class ResumeError(ValueError):
    """An output that cannot be continued; the message says why and what to do."""


class Done:
    """The paths already judged, at eight bytes each; how many were ``invalid``, and the first
    ``MOST`` of those, to show them again."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.invalid = 0
        self.bad: list[str] = []
        self._keys = np.unique(np.fromiter(self._keys_of(rows), dtype=np.uint64))

    def _keys_of(self, rows: Iterable[Row]) -> Iterator[int]:
        for path, valid in rows:
            self.invalid += not valid
            if not valid and len(self.bad) < MOST:
                self.bad.append(path)
            yield _key(path)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, path: str) -> bool:
        key = np.uint64(_key(path))
        at = int(np.searchsorted(self._keys, key))
        return at < len(self._keys) and bool(self._keys[at] == key)


def read_done(output: Path, form: str) -> Done:
    """The content of ``output``; an incomplete last line is removed from the file.

    Raises:
        ResumeError: a line was not written by this command.
    """
    if not output.exists():
        return Done()
    _drop_cut_line(output)
    try:
        with output.open(encoding="utf-8", newline="") as lines:
            return Done(_rows(lines, form))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ResumeError(
            f"{output} was not written as {form} by this command; name another --output"
        ) from error


def _rows(lines: Iterable[str], form: str) -> Iterator[Row]:
    if form == "jsonl":
        objects = (json.loads(line) for line in lines)
        return ((row["path"], bool(row["valid"])) for row in objects)
    return ((row[0], row[1] == "true") for row in csv.reader(lines) if row[1] != "valid")


def _drop_cut_line(output: Path) -> None:
    with output.open("rb+") as file:
        size = file.seek(0, 2)
        tail_start = max(0, size - (1 << 16))
        file.seek(tail_start)
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            file.truncate(tail_start + tail.rfind(b"\n") + 1)


def _key(path: str) -> int:
    """Sixty-four bits of the path: of ten million paths, two are alike once in 400,000 runs."""
    name = path.encode("utf-8", "backslashreplace")  # as written in a CSV file
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little")
