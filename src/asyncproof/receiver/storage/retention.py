"""What the callback server has kept, and what of it a policy no longer wants.

Only what is provably ours is ever named: pictures that the journal lists with this very size.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from pathlib import Path

import msgspec

from asyncproof.receiver.storage import names
from asyncproof.receiver.storage.entries import decode
from asyncproof.receiver.storage.spool import is_in_use

_AGES = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_SIZES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_LIMIT = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(h|d|w|MB|GB|TB)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Keep:
    """What is wanted: nothing older than ``seconds``, and the newest ``size`` bytes."""

    seconds: float = inf
    size: float = inf


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that we made: its files, when (Unix time), how large. ``line``: of the journal."""

    files: tuple[Path, ...]
    when: float
    size: int
    line: int = -1


def keep(texts: Sequence[str]) -> Keep:
    """The policy of ``30d``, ``5GB`` or both.

    Raises:
        ValueError: one of them is neither an age nor a size.
    """
    found = Keep()
    for text in texts:
        parts = _LIMIT.fullmatch(text)
        if parts is None:
            raise ValueError(f"{text!r} is no age such as 12h, 30d, 4w and no size such as 5GB")
        number, unit = float(parts[1]), parts[2]
        if unit in _AGES:
            found = Keep(min(found.seconds, number * _AGES[unit]), found.size)
        else:
            found = Keep(found.seconds, min(found.size, number * _SIZES[unit]))
    return found


def unwanted(kept: Sequence[Kept], policy: Keep, now: float) -> list[Kept]:
    """What is too old, and what is beyond the size when counted from the newest; oldest first."""
    found, total = list[Kept](), 0
    for each in sorted(kept, key=lambda k: k.when, reverse=True):
        total += each.size
        if now - each.when > policy.seconds or total > policy.size:
            found.append(each)
    return found[::-1]


def callbacks(folder: Path) -> list[Kept]:
    """The callbacks that a server kept in a folder, each with its picture if it has one.

    Where several lines name a picture, it is that of the last: an earlier one was removed, and its
    name was free again.
    """
    journal = folder / "journal.ndjson"
    if journal.is_symlink() or not journal.is_file():
        return []
    with journal.open("rb") as lines:
        found = [
            kept for number, line in enumerate(lines) for kept in _callback(folder, number, line)
        ]
    owners = {path: kept.line for kept in found for path in kept.files}
    return [
        kept
        if all(owners[path] == kept.line for path in kept.files)
        else replace(kept, files=(), size=kept.size - sum(p.stat().st_size for p in kept.files))
        for kept in found
    ]


def _callback(folder: Path, number: int, line: bytes) -> Iterator[Kept]:
    try:
        entry = decode(line)
        when = datetime.fromisoformat(entry.received_at).timestamp()
    except (msgspec.MsgspecError, ValueError, OverflowError):
        return
    files: tuple[Path, ...] = ()
    size = len(line)
    if entry.image is not None:
        parent, _, name = entry.image.path.rpartition("/")
        path = folder / "images" / name
        ours = parent == "images" and names.may_be_stored(name) and not path.is_symlink()
        if ours and path.is_file() and path.stat().st_size == entry.image.size:
            files, size = (path,), size + entry.image.size
    yield Kept(files, when, size, number)


def remove(kept: Sequence[Kept]) -> None:
    """Remove the files, and folders that are empty then.

    Raises:
        OSError: one of them cannot be removed.
    """
    for each in kept:
        for path in each.files:
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)


@contextmanager
def only_user(journal: int) -> Iterator[bool]:
    """Whether nobody else uses a journal, whose open file this is; nobody can begin to meanwhile.

    Each server holds a shared lock on its journal, and a start waits for it.
    """
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        alone = False
    else:
        alone = True
    try:
        yield alone
    finally:
        fcntl.flock(journal, fcntl.LOCK_SH)


def server_at_work(folder: Path) -> bool:
    """Whether a callback server has this folder open."""
    return is_in_use(folder / ".incoming")


def forget_lines(folder: Path, numbers: set[int]) -> None:
    """Take lines out of the journal, which is replaced as a whole.

    Nobody else may write to it meanwhile: see :func:`only_user`.

    Raises:
        OSError: the new journal cannot be written; the old one is as it was.
    """
    journal, new = folder / "journal.ndjson", folder / f"journal.ndjson.{os.getpid()}.new"
    try:
        with journal.open("rb") as lines, new.open("xb") as kept:
            kept.writelines(line for number, line in enumerate(lines) if number not in numbers)
            kept.flush()
            os.fsync(kept.fileno())
        new.replace(journal)
    finally:
        new.unlink(missing_ok=True)
