"""The files to judge: from paths, folders and globs, as a stream in a fixed order."""

import glob
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SLAB = 10_000  # names of a folder, or matches of a pattern, that are in memory together


class NoSuchPathError(ValueError):
    """A path that does not exist; the message names it."""


@dataclass(frozen=True, slots=True)
class FileShard:
    """Share ``index`` (from 0) of ``count``. A file belongs to the same share on every machine.

    The share depends on the path as given, so every machine must get the same paths.
    """

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "FileShard":
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
    """Raise NoSuchPathError for the first path that is no file, no folder and matches nothing."""
    for path in paths:
        if not _is_there(path) and next(_matches(path), None) is None:
            raise NoSuchPathError(f"there is nothing at {path}")


def find_files(
    paths: Iterable[str], shard: FileShard, *, every_file: bool = False
) -> Iterator[str]:
    """The files to judge, one after another: millions need no more memory than a few.

    A file that is given is judged whatever its name; in folders, those with an image suffix (all
    with ``every_file``). An unreadable folder is passed on like a file and becomes a finding. Links
    to folders are not followed. Files are sorted by name, ``SLAB`` names at a time.
    """
    for given in paths:
        for path in [given] if _is_there(given) else _matches(given):
            is_folder = os.path.isdir(path)  # noqa: PTH112  raises for no path
            found = _below(path, every_file=every_file) if is_folder else [path]
            yield from (file for file in found if shard.holds(file))


def _is_there(path: str) -> bool:
    """Whether a path exists; one without permission counts as existing and becomes a finding."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def _matches(pattern: str) -> Iterator[str]:
    found = glob.iglob(pattern, recursive=True)  # noqa: PTH207  absolute patterns too
    while slab := sorted(islice(found, SLAB)):
        yield from slab


def _below(folder: str, *, every_file: bool) -> Iterator[str]:
    """A stack instead of recursion: folders may be nested deeper than Python's call stack
    allows."""
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
    """The entries of a folder; the folder itself if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            while slab := sorted(islice(entries, SLAB), key=lambda entry: entry.name):
                yield from slab
    except OSError:
        yield folder
