"""Temporary files for images that are arriving: an interrupted upload leaves nothing behind.

On Linux they have no name until they are complete, and disappear with the process. Elsewhere each
server has its own folder in ``.incoming``, with a locked file in it: the system releases the lock
when the process dies, and the next start removes folders without a lock.
"""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

_LOCK = "lock"
_READY = ".server"
# Without O_TMPFILE this opens a folder for writing, which fails: such files then get names.
_NAMELESS = getattr(os, "O_TMPFILE", 0) | os.O_RDWR | os.O_CLOEXEC


class Spool:
    """Creates temporary files on the same file system as their final folder."""

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
        # Only a folder that is already locked gets a name that another start may remove.
        self._folder = making.rename(parent / (name + _READY))
        self._made = 0
        self._nameless = self._can_be_nameless()

    def _can_be_nameless(self) -> bool:
        trial = self._folder / "trial.part"
        try:
            descriptor = os.open(self._folder, _NAMELESS, 0o644)
        except OSError:
            return False
        try:
            give_name(descriptor, trial)
            trial.unlink()
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    def new(self) -> tuple[int, Path | None]:
        """A new empty file: its descriptor, open for writing, and its path if it has one."""
        if self._nameless:
            return os.open(self._folder, _NAMELESS, 0o644), None
        self._made += 1
        path = self._folder / f"{self._made}.part"
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644), path

    def is_there(self) -> bool:
        """Whether nobody has removed our folder."""
        return self._folder.is_dir()

    def close(self) -> None:
        with suppress(FileNotFoundError):
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
                pass  # another server is using it
            finally:
                os.close(lock)


def is_in_use(parent: Path) -> bool:
    """Whether a server that lives has its temporary files here."""
    for lock in parent.glob(f"*{_READY}/{_LOCK}"):
        with suppress(FileNotFoundError), lock.open("rb+") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
    return False


def give_name(descriptor: int, path: str | Path) -> None:
    """Name a file that has none; see open(2) on O_TMPFILE.

    Raises:
        OSError: the name is taken (FileExistsError), or the file system does not support it.
    """
    # Only with a src_dir_fd does Python make the call that follows the link in /proc.
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor)


def _remove(folder: Path) -> None:
    for file in (*folder.glob("*.part"), folder / _LOCK):
        file.unlink(missing_ok=True)
    folder.rmdir()
