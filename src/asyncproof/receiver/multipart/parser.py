"""Finds the parts of a multipart body that arrives in pieces of any size.

It accepts and refuses the same bodies as python-multipart does with the whole body in one piece (a
test compares the two), however the body is split. A part costs one search for the end of its
headers and one for the boundary, which for a small callback takes about a quarter of the processor
time of a state machine with callbacks.
"""

import re
from collections.abc import Callable
from typing import Protocol

from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.part_head import MOST_HEADERS

_BLANKS = re.compile(rb"[ \t]*")

ANOTHER_BOUNDARY = "a form that does not start with the boundary in Content-Type"


class Part(Protocol):
    """Receives the content of one part as it arrives; ``end`` comes after its last piece."""

    def write(self, data: memoryview) -> object: ...
    def end(self) -> None: ...


class PartParser:
    """Calls ``begin`` with the headers of each part (without the blank line after them), and passes
    the content to the writer that it returns. Call :meth:`feed` with each piece of the body;
    ``ended`` says whether the closing boundary has come.

    A state is a method that continues at ``_at`` in ``_data`` and returns whether it, or the next
    state, can do more before the next piece.
    """

    def __init__(self, boundary: bytes, limits: Limits, begin: Callable[[bytes], Part]) -> None:
        self.ended = False
        self._boundary = b"\r\n--" + boundary
        self._begin = begin
        self._parts, self._most_parts = 0, limits.parts
        self._most_head = MOST_HEADERS * (limits.part_header + 2) + 2
        self._state = self._at_the_start
        self._data, self._at = b"", 0
        self._part: Part

    def feed(self, piece: bytes) -> None:
        """Process the next piece.

        Raises:
            BadFormError: the body is no form.
        """
        rest = self._data[self._at :]
        self._data, self._at = rest + piece if rest else piece, 0
        while self._state():
            pass

    def _at_the_start(self) -> bool:
        """If the body starts with a line break, anything may come before the first hyphen."""
        if not self._data:
            return False
        self._state = self._in_preamble if self._data[0] in b"\r\n" else self._at_first_boundary
        return True

    def _in_preamble(self) -> bool:
        hyphen = self._data.find(b"-", self._at)
        if hyphen < 0:
            self._at = len(self._data)
            return False
        self._at = hyphen
        self._state = self._at_first_boundary
        return True

    def _at_first_boundary(self) -> bool:
        boundary = self._boundary[2:]
        here = self._data[self._at : self._at + len(boundary) + 2]
        if not here.startswith(boundary):
            if boundary.startswith(here):
                return False
            raise BadFormError(400, ANOTHER_BOUNDARY, another_boundary=True)
        after = here[len(boundary) :]
        if after in {b"", b"\r", b"-"}:
            return False
        if after == b"--":
            return self._finish()
        if after != b"\r\n":
            raise BadFormError(400, "an unreadable form: extra text on the first boundary's line")
        self._at += len(here)
        return self._open()

    def _open(self) -> bool:
        """The boundary's line has ended: a part begins."""
        self._parts += 1
        if self._parts > self._most_parts:
            raise BadFormError(413, f"the form has more than {self._most_parts} parts")
        self._state = self._in_head
        return True

    def _in_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n", self._at)
        if end < 0:
            if len(self._data) - self._at > self._most_head:
                raise BadFormError(400, "an unreadable form: a part's headers are too long")
            return False
        self._part = self._begin(self._data[self._at : end])
        self._at = end + 4
        self._state = self._in_content
        return True

    def _in_content(self) -> bool:
        data, boundary = self._data, self._boundary
        found = data.find(boundary, self._at)
        while found >= 0:
            end = found + len(boundary)
            after = data[end : end + 2]
            if after == b"\r\n":
                self._write(found, end + 2)
                self._part.end()
                return self._open()
            if after == b"--":
                self._write(found, end + 2)
                self._part.end()
                return self._finish()
            if after[:1] in {b" ", b"\t"}:
                self._write(found, end)
                self._state = self._in_padding
                return True
            if after in {b"", b"\r", b"-"}:  # the next piece decides what this is
                self._write(found, found)
                return False
            found = data.find(boundary, end)
        kept = self._perhaps_a_boundary()
        self._write(kept, kept)
        return False

    def _perhaps_a_boundary(self) -> int:
        """The position of a partial boundary at the end of the piece; its length if there is
        none."""
        size = len(self._data)
        start = self._data.rfind(b"\r", max(self._at, size - len(self._boundary) + 1))
        if start >= 0 and self._boundary.startswith(self._data[start:]):
            return start
        return size

    def _write(self, until: int, then: int) -> None:
        """Pass on the content up to ``until``, and continue at ``then``."""
        if until > self._at:
            self._part.write(memoryview(self._data)[self._at : until])
        self._at = then

    def _in_padding(self) -> bool:
        """RFC 2046 allows blanks between a boundary and the end of its line."""
        blanks = _BLANKS.match(self._data, self._at)
        assert blanks is not None
        self._at = blanks.end()
        after = self._data[self._at : self._at + 2]
        if after in {b"", b"\r"}:
            return False
        if after != b"\r\n":
            raise BadFormError(400, "an unreadable form: extra text on a boundary's line")
        self._at += 2
        self._part.end()
        return self._open()

    def _finish(self) -> bool:
        self.ended = True
        self._state = self._in_epilogue
        return True

    def _in_epilogue(self) -> bool:
        """Anything after the closing boundary is ignored."""
        self._at = len(self._data)
        return False
