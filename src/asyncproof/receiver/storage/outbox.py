"""Callbacks that the consumer has not answered yet: on disk, in order, until it has.

Each is one file: a line of JSON about its head, then its body as it arrived. No secret is in it.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from asyncproof.receiver.storage.store import IncomingFile, NotStoredError

_REFUSED = "refused"


class CallbackHead(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a callback's head goes to the consumer: header names in lower case, no secret."""

    headers: dict[str, str]


class Outbox:
    """The files in ``folder``, which is made when it is needed; several servers may share it."""

    def __init__(self, folder: Path, *, fsync: bool) -> None:
        self._folder = folder
        self._fsync = fsync
        self._next = 1 + max((int(name) for name in self.waiting()), default=0)

    def write_head(self, copy: IncomingFile, head: CallbackHead) -> None:
        """Begin a callback's file.

        Raises:
            NotStoredError: storage failed.
        """
        copy.write(memoryview(msgspec.json.encode(head) + b"\n"))

    def add(self, copy: IncomingFile) -> None:
        """Keep a callback that is complete.

        Raises:
            NotStoredError: storage failed.
        """
        try:
            self._folder.mkdir(exist_ok=True)
            if self._fsync:
                copy.sync()
            while not copy.claim(str(self._folder / f"{self._next:09d}")):
                self._next += 1
            if self._fsync:
                _sync_folder(self._folder)
        except OSError as error:
            raise NotStoredError(str(error.strerror)) from error
        self._next += 1

    def waiting(self) -> list[str]:
        """Their names, oldest first."""
        names = [p.name for p in self._folder.iterdir()] if self._folder.is_dir() else []
        return sorted(name for name in names if name.isdecimal() and name.isascii())

    @contextmanager
    def opened(self, name: str) -> Iterator[tuple[CallbackHead, BinaryIO]]:
        """A callback's head, and its file at the beginning of its body.

        Raises:
            OSError: it cannot be read.
            msgspec.MsgspecError: it is not one of ours.
        """
        with (self._folder / name).open("rb") as file:
            yield head_of(file), file

    def done(self, name: str) -> None:
        """The consumer has taken it."""
        (self._folder / name).unlink(missing_ok=True)

    def set_aside(self, name: str) -> Path:
        """The consumer does not want it; where it is kept."""
        (self._folder / _REFUSED).mkdir(exist_ok=True)
        kept = f"{name}-{secrets.token_hex(4)}"  # numbers are used again after a restart
        return (self._folder / name).rename(self._folder / _REFUSED / kept)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether this server is the one that empties the outbox, as long as the context lasts."""
        self._folder.mkdir(exist_ok=True)
        lock = os.open(self._folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
        finally:
            os.close(lock)


def head_of(file: BinaryIO) -> CallbackHead:
    """Read the head; the file is then at the beginning of the body.

    Raises:
        msgspec.MsgspecError: it is not one of ours.
    """
    return msgspec.json.decode(file.readline(), type=CallbackHead)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
