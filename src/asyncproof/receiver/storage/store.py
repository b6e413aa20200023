"""Images and the journal on disk: complete or absent, and never overwritten."""

import errno
import fcntl
import hashlib
import os
from collections import OrderedDict, deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from asyncproof.history.events import File
from asyncproof.receiver.storage import names, retention
from asyncproof.receiver.storage.spool import Spool, give_name

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
_REMEMBERED = 10_000
_APPENDING = os.O_CREAT | os.O_APPEND | os.O_RDWR | os.O_CLOEXEC


class NotStoredError(Exception):
    """Storage failed; nothing of it was kept."""


class IncomingFile:
    """A file that is arriving: written and hashed piece by piece. It has no final name yet."""

    def __init__(self, spool: Spool) -> None:
        self._hash = hashlib.sha256()
        self.size = 0
        try:
            self._descriptor, self._path = spool.new()
        except OSError as error:
            raise NotStoredError(str(error.strerror)) from error

    def write(self, data: memoryview) -> None:
        self._hash.update(data)
        self.size += len(data)
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            raise NotStoredError(str(error.strerror)) from error

    def sync(self) -> None:
        os.fsync(self._descriptor)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def claim(self, final: str) -> bool:
        """Name the file ``final`` unless that name is taken; atomic if there are hard links.

        Otherwise an empty file reserves the name first.
        """
        try:
            if self._path is None:
                give_name(self._descriptor, final)
            else:
                os.link(self._path, final)
        except FileExistsError:
            return False
        except OSError as error:
            if self._path is None or error.errno not in _NO_LINKS:
                raise
            return _reserve(self._path, final)
        return True

    def reopened(self) -> BinaryIO:
        """The file again, to be read from its beginning and closed by the caller."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return os.fdopen(os.dup(self._descriptor), "rb")

    def discard(self) -> None:
        """Close it and remove the temporary name; a stored file stays."""
        os.close(self._descriptor)
        if self._path is not None:
            self._path.unlink(missing_ok=True)


class Store:
    """The folder of one callback server.

    ``images/`` has the pictures, ``journal.ndjson`` one line for each recorded callback. Several
    servers may share a folder: the file system reserves names, lines are appended whole. A folder
    that somebody removes meanwhile is made anew, for what comes then.
    """

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            OSError: the folder cannot be written to.
        """
        self.folder = folder
        self.images = folder / "images"
        self.journal = folder / "journal.ndjson"
        self._images_path = str(self.images)
        self._open()

    def _open(self) -> None:
        self.images.mkdir(parents=True, exist_ok=True)
        spool = Spool(self.folder / ".incoming")
        try:
            self._journal = _locked(self.journal)
        except OSError:
            spool.close()
            raise
        self._spool = spool
        self._torn = _ends_torn(self._journal)
        self._next: OrderedDict[str, int] = OrderedDict()
        self._cased = {s.lower(): s for s in _stems(self.images) if s != s.lower()}

    def begin(self) -> IncomingFile:
        """A file for something that starts to arrive; the caller discards it in the end."""
        try:
            return IncomingFile(self._spool)
        except NotStoredError:
            if self._spool.is_there():
                raise
        self._make_anew()
        return IncomingFile(self._spool)

    def keep(self, picture: IncomingFile, job_id: str | None) -> File:
        """Give the complete image its name, the next free one of its job.

        Raises:
            NotStoredError: storage failed.
        """
        name = self._stem(job_id)
        try:
            number = self._claimed(picture, name, self._next.pop(name, 1))
        except OSError as error:
            raise NotStoredError(str(error.strerror)) from error
        self._next[name] = number + 1
        if len(self._next) > _REMEMBERED:
            self._next.popitem(last=False)
        path = f"images/{names.numbered(name, number)}"
        return File(path=path, sha256=picture.sha256, size=picture.size)

    def _claimed(self, picture: IncomingFile, name: str, number: int) -> int:
        """The first number from ``number`` that is free; it is the picture's now."""
        while True:
            path = f"{self._images_path}/{names.numbered(name, number)}"
            try:
                if picture.claim(path):
                    return number
            except FileNotFoundError:
                self.images.mkdir(parents=True)  # raises if that is not what is missing
                continue
            number += 1

    def take_back(self, file: File) -> None:
        """Remove an image whose callback could not be written to the journal."""
        (self.folder / file.path).unlink(missing_ok=True)

    def append(self, line: bytes) -> None:
        """Add one line, given without its newline, to the journal in one write.

        Raises:
            NotStoredError: storage failed; the next line is kept separate from this one.
        """
        if os.fstat(self._journal).st_nlink == 0:
            self._make_anew()  # the picture of this callback may have gone with the folder
            raise NotStoredError("the folder was removed while it was in use")
        whole = (b"\n" if self._torn else b"") + line + b"\n"
        try:
            written = os.write(self._journal, whole)
        except OSError as error:
            raise NotStoredError(str(error.strerror)) from error
        self._torn = written < len(whole)
        if self._torn:
            raise NotStoredError("no space left for the journal")

    def _make_anew(self) -> None:
        """The folder was removed while it was in use.

        Raises:
            NotStoredError: it cannot be made again.
        """
        spool, journal = self._spool, self._journal
        try:
            self._open()
        except OSError as error:
            raise NotStoredError(str(error.strerror)) from error
        spool.close()
        os.close(journal)

    def sync(self) -> None:
        """Make all of it survive a power failure."""
        os.fsync(self._journal)
        directory = os.open(self.images, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def earlier(self, last: int) -> tuple[int, list[bytes]]:
        """How many lines the journal has, and the last ``last`` of them."""
        lines: deque[bytes] = deque(maxlen=last)
        count = 0
        with self.journal.open("rb") as journal:
            for line in journal:
                count += 1
                lines.append(line.rstrip(b"\n"))
        return count, list(lines)

    def forget_lines(self, numbers: set[int]) -> bool:
        """Take lines, counted from 0, out of the journal; not while others use it: then False.

        Raises:
            OSError: it cannot be written; it is as it was.
        """
        old = self._journal
        with retention.only_user(old) as alone:
            if alone:
                retention.forget_lines(self.folder, numbers)
                self._journal = _locked(self.journal)
        if self._journal != old:
            os.close(old)
        return alone

    def close(self) -> None:
        self._spool.close()
        os.close(self._journal)

    def _stem(self, job_id: str | None) -> str:
        """The job's name, made distinct from names that differ only in upper and lower case."""
        name = names.stem(job_id)
        folded = name.lower()
        owner = self._cased.get(folded)
        lower_is_there = name != folded and (self.images / names.numbered(folded, 1)).exists()
        if job_id and ((owner is not None and owner != name) or lower_is_there):
            return names.encoded(job_id)
        if name != folded:
            self._cased[folded] = name
        return name


def _reserve(temporary: Path, final: str) -> bool:
    try:
        os.close(os.open(final, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError:
        return False
    temporary.replace(final)
    return True


def _stems(images: Path) -> Iterator[str]:
    with os.scandir(images) as found:
        yield from (names.stem_of(e.name) for e in found if names.may_be_stored(e.name))


def _locked(journal: Path) -> int:
    """The journal, open for appending, and locked against being replaced by anybody else."""
    while True:
        descriptor = os.open(journal, _APPENDING, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # it was replaced while we waited for the lock


def _ends_torn(journal: int) -> bool:
    size = os.fstat(journal).st_size
    return size > 0 and os.pread(journal, 1, size - 1) != b"\n"
