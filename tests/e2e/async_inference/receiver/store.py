"""Pictures and the journal on disk: whole or not there, and never written over."""

import errno
import hashlib
import os
from collections import OrderedDict, deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.e2e.async_inference.events import File
from tests.e2e.async_inference.receiver import names
from tests.e2e.async_inference.receiver.entries import Entry, decode
from tests.e2e.async_inference.receiver.incoming import Incoming, give_name

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
_REMEMBERED = 10_000


class NotStoredError(Exception):
    """The disk did not take it; nothing of it was kept."""


class PictureFile:
    """A picture while it arrives: written as it comes, hashed on the way."""

    def __init__(self, incoming: Incoming) -> None:
        self._hash = hashlib.sha256()
        self.size = 0
        try:
            self._descriptor, self._path = incoming.new()
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
        """Name the file ``final`` unless that name is taken; atomic where there are hard links.

        Elsewhere the name is reserved by an empty file first.
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

    def discard(self) -> None:
        """Close it and remove the temporary name; what was kept stays kept."""
        os.close(self._descriptor)
        if self._path is not None:
            self._path.unlink(missing_ok=True)


class Store:
    """The folder of one callback server.

    ``images/`` has the pictures, ``journal.ndjson`` one line for each recorded callback. Several
    servers may share a folder: names are claimed by the file system, lines are appended whole.
    """

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            OSError: the folder cannot be written to.
        """
        self.folder = folder
        self.images = folder / "images"
        self.images.mkdir(parents=True, exist_ok=True)
        self._images_path = str(self.images)
        self._incoming = Incoming(folder / ".incoming")
        self.journal = folder / "journal.ndjson"
        flags = os.O_CREAT | os.O_APPEND | os.O_RDWR | os.O_CLOEXEC
        self._journal = os.open(self.journal, flags, 0o644)
        self._torn = _ends_torn(self._journal)
        self._next: OrderedDict[str, int] = OrderedDict()
        self._cased = {s.lower(): s for s in _stems(self.images) if s != s.lower()}

    def begin(self) -> PictureFile:
        """A place for a picture that begins to arrive; the caller discards it in the end."""
        return PictureFile(self._incoming)

    def keep(self, picture: PictureFile, job_id: str | None) -> File:
        """Give the whole picture its name, the next free one of its job.

        Raises:
            NotStoredError: the disk did not take it.
        """
        name, images = self._stem(job_id), self._images_path
        number = self._next.pop(name, 1)
        try:
            while not picture.claim(f"{images}/{names.numbered(name, number)}"):
                number += 1
        except OSError as error:
            raise NotStoredError(str(error.strerror)) from error
        self._next[name] = number + 1
        if len(self._next) > _REMEMBERED:
            self._next.popitem(last=False)
        path = f"images/{names.numbered(name, number)}"
        return File(path=path, sha256=picture.sha256, size=picture.size)

    def forget(self, file: File) -> None:
        """Take back a picture whose callback could not be journalled."""
        (self.folder / file.path).unlink(missing_ok=True)

    def append(self, line: bytes) -> None:
        """Add one line, given without its newline, to the journal in one write.

        Raises:
            NotStoredError: the disk did not take all of it; the next line is fenced off from it.
        """
        whole = (b"\n" if self._torn else b"") + line + b"\n"
        try:
            written = os.write(self._journal, whole)
        except OSError as error:
            raise NotStoredError(str(error.strerror)) from error
        self._torn = written < len(whole)
        if self._torn:
            raise NotStoredError("no space left for the journal")

    def sync(self) -> None:
        """Ask for all of it to survive a loss of power."""
        os.fsync(self._journal)
        directory = os.open(self.images, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def earlier(self, last: int) -> tuple[int, list[Entry]]:
        """How many lines the journal has, and the entries in the last ``last`` of them.

        Lines that cannot be read (torn by a full disk, or edited) are left out.
        """
        lines: deque[bytes] = deque(maxlen=last)
        count = 0
        with self.journal.open("rb") as journal:
            for line in journal:
                count += 1
                lines.append(line)
        return count, list(_decoded(lines))

    def close(self) -> None:
        self._incoming.close()
        os.close(self._journal)

    def _stem(self, job_id: str | None) -> str:
        """The job's name, made distinct from one that differs only in upper and lower case."""
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


def _ends_torn(journal: int) -> bool:
    size = os.fstat(journal).st_size
    return size > 0 and os.pread(journal, 1, size - 1) != b"\n"


def _decoded(lines: deque[bytes]) -> Iterator[Entry]:
    for line in lines:
        try:
            yield decode(line)
        except msgspec.MsgspecError:
            continue
