"""A multipart form that arrives in pieces of any size: bytes in, text fields and a picture out.

Pure: the picture goes to a sink that the caller made. What cannot be understood as a form raises
:class:`BadFormError`; what can, but is not what the protocol says, is listed by ``problems.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from python_multipart.multipart import parse_options_header

from tests.e2e.async_inference.receiver.bad_form import BadFormError
from tests.e2e.async_inference.receiver.limits import Limits
from tests.e2e.async_inference.receiver.part_head import PartHead, part_head
from tests.e2e.async_inference.receiver.scanner import Part, PartScanner
from tests.e2e.async_inference.receiver.transfer import decoded

LONGEST_BOUNDARY = 70
IMAGE = "image"
_CONTROL = bytes(range(0x20)) + b"\x7f"
_TEXTS = frozenset({"job_id", "status", "completed_at", "image_url", "error"})


class Sink(Protocol):
    """Where the bytes of a picture go."""

    def write(self, data: memoryview) -> object: ...


@dataclass(slots=True)
class Text:
    """A text field: how often it came, and its first value, of which only the start may be kept."""

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
    """Everything in the form, by name, in the order of its first appearance."""

    texts: dict[str, Text] = field(default_factory=dict)
    picture: Picture | None = None
    unknown_files: list[str] = field(default_factory=list)

    def rewrite(self, change: Callable[[str], str]) -> None:
        """Put every text of the sender through ``change``, before anything is made of it."""
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
    """The boundary that a ``Content-Type`` announces.

    Raises:
        BadFormError: 415 where it is no multipart form, 400 where the boundary is no boundary.
    """
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

    def __init__(self, boundary: bytes, limits: Limits, open_image: Callable[[], Sink]) -> None:
        self.form = Form()
        self._limits = limits
        self._open_image = open_image
        self._text_bytes = 0
        self._scanner = PartScanner(boundary, limits, self._begin)
        self.feed = self._scanner.feed

    def end(self) -> Form:
        """The whole form; the body has ended.

        Raises:
            BadFormError: the form has not.
        """
        if not self._scanner.ended:
            raise BadFormError(400, "a form without its closing boundary: it was cut short")
        return self.form

    def _begin(self, block: bytes) -> Part:
        head = part_head(block, self._limits.part_header)
        part: Part
        if head.name == IMAGE:
            part = self._picture(head)
        elif head.is_file and head.name not in _TEXTS:
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
        self._count(len(data))
        self._size += len(data)
        self._kept += data[: max(0, self._most - len(self._kept))]

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
    """The picture, on its way to its sink."""

    __slots__ = ("_picture", "_sink")

    def __init__(self, picture: Picture, sink: Sink) -> None:
        self._picture, self._sink = picture, sink

    def write(self, data: memoryview) -> None:
        self._picture.size += len(data)
        self._sink.write(data)

    def end(self) -> None:
        pass


class _Unwanted:
    """What nobody keeps."""

    __slots__ = ()

    def write(self, data: memoryview) -> None:
        pass

    def end(self) -> None:
        pass


_UNWANTED = _Unwanted()
