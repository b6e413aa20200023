"""Reads a multipart form in pieces of any size: bytes in, text fields and an image out.

Pure: the image goes to a sink from the caller. A body that is not a form raises
:class:`BadFormError`; a form that breaks the protocol is described by ``violations.py``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from python_multipart.multipart import parse_options_header

from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.parser import Part, PartParser
from asyncproof.receiver.multipart.part_head import PartHead, part_head
from asyncproof.receiver.multipart.transfer import decoded
from asyncproof.vocabulary import CALLBACK_FIELDS

LONGEST_BOUNDARY = 70
IMAGE = "image"
_CONTROL = bytes(range(0x20)) + b"\x7f"
# What nearly every client sends; any other header is read by the rules of RFC 2045.
_USUAL = re.compile(r"multipart/form-data; ?boundary=([A-Za-z0-9'_.-]{1,70})", re.ASCII)


class PictureSink(Protocol):
    """Receives the bytes of an image."""

    def write(self, data: memoryview) -> object: ...


@dataclass(slots=True)
class Text:
    """A text field: how often it was sent, and its first value, possibly cut."""

    value: str
    size: int
    cut: bool
    utf8: bool
    times: int = 1
    as_file: bool = False


@dataclass(slots=True)
class Picture:
    """The headers of the image part, and how many image parts there were."""

    filename: str | None
    content_type: str
    times: int = 1
    size: int = 0
    other_filename: str | None = None

    def rewrite(self, change: Callable[[str], str]) -> None:
        self.content_type = change(self.content_type)
        self.filename = None if self.filename is None else change(self.filename)
        other = self.other_filename
        self.other_filename = None if other is None else change(other)


@dataclass(slots=True)
class Form:
    """Everything in the form, by name, in order of first appearance."""

    texts: dict[str, Text] = field(default_factory=dict)
    picture: Picture | None = None
    unknown_files: list[str] = field(default_factory=list)

    def rewrite(self, change: Callable[[str], str]) -> None:
        """Apply ``change`` to every text of the sender, before it is used."""
        self.texts = {change(name): text for name, text in self.texts.items()}
        for text in self.texts.values():
            text.value = change(text.value)
        self.unknown_files = [change(name) for name in self.unknown_files]
        if self.picture is not None:
            self.picture.rewrite(change)

    def text(self, name: str) -> str | None:
        found = self.texts.get(name)
        return None if found is None else found.value


def boundary_of(content_type: str) -> bytes:
    """The boundary in a ``Content-Type``.

    Raises:
        BadFormError: 415 if it is not a multipart form, 400 if the boundary is invalid.
    """
    usual = _USUAL.fullmatch(content_type)
    if usual is not None:
        return usual[1].encode()
    try:
        kind, options = parse_options_header(content_type)
    except UnicodeError:
        raise BadFormError(400, "Content-Type is not ASCII") from None
    if kind != b"multipart/form-data":
        raise BadFormError(415, "Content-Type must be multipart/form-data")
    boundary = options.get(b"boundary", b"")
    clean = boundary.translate(None, _CONTROL) == boundary
    if not clean or not 1 <= len(boundary) <= LONGEST_BOUNDARY:
        raise BadFormError(400, f"the boundary must have 1 to {LONGEST_BOUNDARY} characters")
    return boundary


class FormReader:
    """Reads one form. Call :meth:`feed` with each piece, then :meth:`end`."""

    def __init__(
        self,
        boundary: bytes,
        limits: Limits,
        open_image: Callable[[], PictureSink],
        image: str = IMAGE,
    ) -> None:
        """``image`` is the name of the part with the picture."""
        self._image = image
        self.form = Form()
        self._limits = limits
        self._open_image = open_image
        self._text_bytes = 0
        self._scanner = PartParser(boundary, limits, self._begin)
        self.feed = self._scanner.feed

    def end(self) -> Form:
        """The whole form; the body has ended.

        Raises:
            BadFormError: the form has not.
        """
        if not self._scanner.ended:
            raise BadFormError(400, "a form without its closing boundary: it is incomplete")
        return self.form

    def _begin(self, block: bytes) -> Part:
        head = part_head(block, self._limits.part_header)
        part: Part
        if head.name == self._image:
            part = self._picture(head)
        elif head.is_file and head.name not in CALLBACK_FIELDS:
            self.form.unknown_files.append(head.name[:200])
            part = _UNWANTED
        else:
            name, most = head.name[:200], self._limits.field
            part = _TextPart(self.form.texts, name, head.is_file, most, self._count_text)
        return decoded(head.encoding, part)

    def _picture(self, head: PartHead) -> Part:
        if self.form.picture is not None:
            self.form.picture.times += 1
            return _UNWANTED
        shown = head.extended if head.filename is None else head.filename
        picture = self.form.picture = Picture(shown, head.content_type)
        if head.extended is not None and head.extended != shown:
            picture.other_filename = head.extended
        return _PicturePart(picture, self._open_image())

    def _count_text(self, size: int) -> None:
        self._text_bytes += size
        if self._text_bytes > self._limits.text:
            raise BadFormError(413, f"the text fields have more than {self._limits.text} bytes")


class _TextPart:
    """A text field among ``texts``: the first of its name is kept, its first ``most`` bytes."""

    __slots__ = ("_as_file", "_count", "_kept", "_most", "_name", "_size", "_texts")

    def __init__(
        self,
        texts: dict[str, Text],
        name: str,
        as_file: bool,
        most: int,
        count: Callable[[int], None],
    ) -> None:
        self._texts, self._name, self._as_file = texts, name, as_file
        self._most, self._count = most, count
        self._kept, self._size = bytearray(), 0

    def write(self, data: memoryview) -> None:
        size = len(data)
        self._count(size)
        self._size += size
        room = self._most - len(self._kept)
        self._kept += data if size <= room else data[: max(0, room)]

    def end(self) -> None:
        known = self._texts.get(self._name)
        if known is not None:
            known.times += 1
            return
        value = self._kept.decode("utf-8", "replace")
        cut = self._size > len(self._kept)
        utf8 = cut or value.encode() == self._kept
        self._texts[self._name] = Text(value, self._size, cut, utf8, as_file=self._as_file)


class _PicturePart:
    """Writes the image to its sink."""

    __slots__ = ("_picture", "_sink")

    def __init__(self, picture: Picture, sink: PictureSink) -> None:
        self._picture, self._sink = picture, sink

    def write(self, data: memoryview) -> None:
        self._picture.size += len(data)
        self._sink.write(data)

    def end(self) -> None:
        pass


class _Unwanted:
    """Discards a part."""

    __slots__ = ()

    def write(self, data: memoryview) -> None:
        pass

    def end(self) -> None:
        pass


_UNWANTED = _Unwanted()
