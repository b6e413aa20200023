"""Where pictures lie while they arrive, so that what broke off leaves nothing behind.

Each server has a folder of its own under ``.incoming``, with a locked file in it. The system drops
the lock when the process dies, however it dies; the next start removes folders that nobody locks.
"""

import fcntl
import os
import secrets
from pathlib import Path

_LOCK = "lock"
_READY = ".server"


class Incoming:
    """Makes temporary files on the same file system as the folder they end up in."""

    def __init__(self, parent: Path) -> None:
        """
        Raises:
            OSError: the folder cannot be written to.
        """
        self._parent = parent
        parent.mkdir(parents=True, exist_ok=True)
        self._sweep()
        name = secrets.token_hex(8)
        making = parent / f"{name}.making"
        making.mkdir()
        self._lock = os.open(making / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Only a folder that is already locked gets the name that another start may sweep.
        self._folder = making.rename(parent / (name + _READY))
        self._made = 0

    def new(self) -> tuple[int, Path]:
        """A new empty file: its descriptor, open for writing, and its path."""
        self._made += 1
        path = self._folder / f"{self._made}.part"
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644), path

    def close(self) -> None:
        _remove(self._folder)
        os.close(self._lock)

    def _sweep(self) -> None:
        for folder in self._parent.glob(f"*{_READY}"):
            try:
                lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            except OSError:
                pass  # another server is at work in there
            finally:
                os.close(lock)


def _remove(folder: Path) -> None:
    for file in (*folder.glob("*.part"), folder / _LOCK):
        file.unlink(missing_ok=True)
    folder.rmdir()
