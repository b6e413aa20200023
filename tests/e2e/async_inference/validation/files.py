"""Which files are to be judged: paths, folders and globs, as a stream in a fixed order."""

import glob
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SLAB = 10_000  # names of a folder, or matches of a pattern, that are in memory together


class NoSuchPathError(ValueError):
    """A path that names nothing; the message says which."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Share ``index`` (from 0) of ``count``. A file belongs to the same share wherever it is split.

    The share follows from the path as it was given, so that every worker has to be given the same.
    """

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """From ``i/n`` with 0 ≤ i < n.

        Raises:
            ValueError: anything else.
        """
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal() and int(index) < int(count)):
            raise ValueError(f"{text!r} is not i/n with i from 0 to n-1, such as 0/4")
        return cls(int(index), int(count))

    def holds(self, path: str) -> bool:
        return self.count == 1 or zlib.crc32(os.fsencode(path)) % self.count == self.index


def check_paths(paths: Iterable[str]) -> None:
    """Raise NoSuchPathError for the first path that names neither a file, a folder nor a match."""
    for path in paths:
        if not os.path.lexists(path) and next(_matches(path), None) is None:
            raise NoSuchPathError(f"there is nothing at {path}")


def find_files(paths: Iterable[str], shard: Shard, *, every_file: bool = False) -> Iterator[str]:
    """The files to judge, one after the other: millions of them need no more memory than a few.

    A file that is named is judged whatever its name; in folders, those with the suffix of a picture
    (all with ``every_file``). A folder that cannot be read is passed on like a file, and ends as a
    finding. Links to folders are not followed. The order is that of the names, of which ``SLAB``
    are sorted at a time.
    """
    for given in paths:
        for path in [given] if os.path.lexists(given) else _matches(given):
            found = _below(path, every_file=every_file) if Path(path).is_dir() else [path]
            yield from (file for file in found if shard.holds(file))


def _matches(pattern: str) -> Iterator[str]:
    found = glob.iglob(pattern, recursive=True)  # noqa: PTH207  absolute patterns too
    while slab := sorted(islice(found, SLAB)):
        yield from slab


def _below(folder: str, *, every_file: bool) -> Iterator[str]:
    """A stack in place of recursion: folders may be nested deeper than Python's calls."""
    inside = [_entries(folder)]
    while inside:
        entry = next(inside[-1], None)
        if entry is None:
            inside.pop()
        elif isinstance(entry, str):
            yield entry
        elif entry.is_dir(follow_symlinks=False):
            inside.append(_entries(entry.path))
        elif every_file or entry.name.lower().endswith(SUFFIXES):
            yield entry.path


def _entries(folder: str) -> Iterator["os.DirEntry[str] | str"]:
    """What lies in a folder; the folder itself where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            while slab := sorted(islice(entries, SLAB), key=lambda entry: entry.name):
                yield from slab
    except OSError:
        yield folder
