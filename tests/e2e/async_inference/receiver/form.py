"""A multipart form that arrives in pieces of any size: bytes in, text fields and a picture out.

Pure: the picture goes to a sink that the caller made. What cannot be understood as a form raises
:class:`BadFormError`; what can, but is not what the protocol says, is listed by ``problems.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tests.e2e.async_inference.receiver.limits import Limits
from tests.e2e.async_inference.receiver.transfer import BadEncodingError, decoder

LONGEST_BOUNDARY = 70
IMAGE = "image"
_CONTROL = bytes(range(0x20)) + b"\x7f"
_TEXTS = frozenset({"job_id", "status", "completed_at", "image_url", "error"})


class BadFormError(Exception):
    """The body is not a form that can be read; ``status`` is the answer it gets."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


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


class _Parser(MultipartParser):
    """The same parser with a shorter way to the callbacks, taken 40 times for a small form."""

    def callback(
        self,
        name: str,
        data: bytes | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> None:
        act: Callable[..., None] | None = self.callbacks.get("on_" + name)  # type: ignore[assignment]
        if act is None:
            return
        if data is None:
            act()
        elif start != end:
            act(data, start, end)


@lru_cache(256)
def _options(header: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """What a header says; a miner sends the same few all day."""
    return parse_options_header(header)


class FormReader:
    """Reads one form. Call :meth:`feed` with each piece, then :meth:`end`."""

    def __init__(self, boundary: bytes, limits: Limits, open_image: Callable[[], Sink]) -> None:
        self.form = Form()
        self._limits = limits
        self._open_image = open_image
        self._parts = 0
        self._text_bytes = 0
        self._ended = False
        self._write: Callable[[memoryview], object] | None = None
        self._part_ends: Callable[[], None] | None = None
        self._headers: dict[str, bytes] = {}
        self._name = self._value = b""
        self._parser = _Parser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_end": self._end,
            },
            max_header_count=16,
            max_header_size=limits.part_header,
        )
        self._parser.logger.disabled = True  # it would quote the sender's bytes into our log

    def feed(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except BadEncodingError as error:
            raise BadFormError(400, f"a part cannot be decoded: {error}") from None
        except FormParserError as error:
            raise BadFormError(400, f"the form cannot be read: {error}") from None

    def end(self) -> Form:
        """The whole form; the body has ended."""
        if not self._ended:
            raise BadFormError(400, "the form has no closing boundary: it was cut short")
        return self.form

    def _end(self) -> None:
        self._ended = True

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > self._limits.parts:
            raise BadFormError(413, f"the form has more than {self._limits.parts} parts")
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        value = self._value.strip(b" \t")
        if value.translate(None, _CONTROL.replace(b"\t", b"")) != value:
            raise BadFormError(400, "a part's header has control characters in it")
        self._headers[self._name.decode("ascii").lower()] = value
        self._name = self._value = b""

    def _headers_finished(self) -> None:
        raw = self._headers.get("content-disposition", b"")
        kind, options = _options(raw)
        if kind != b"form-data" or b"name" not in options:
            raise BadFormError(400, "a part has no 'Content-Disposition: form-data' with a name")
        name = options[b"name"].decode("utf-8", "replace")
        filename = options.get(b"filename")
        extended = _extended_filename(raw)
        has_file = filename is not None or extended is not None
        if name == IMAGE:
            self._begin_picture(filename, extended)
        elif has_file and name not in _TEXTS:
            self.form.unknown_files.append(name[:200])
            self._write = self._part_ends = None
        else:
            self._begin_text(name[:200], as_file=has_file)
        self._decode_transfer()

    def _begin_picture(self, filename: bytes | None, extended: str | None) -> None:
        shown = extended if filename is None else filename.decode("utf-8", "replace")
        self._part_ends = None
        if self.form.picture is not None:
            self.form.picture.times += 1
            self._write = None
            return
        content_type = self._headers.get("content-type", b"").decode("utf-8", "replace")
        picture = self.form.picture = Picture(shown, content_type[:200])
        if extended is not None and extended != shown:
            picture.other_filename = extended
        sink = self._open_image()

        def write(data: memoryview) -> None:
            picture.size += len(data)
            sink.write(data)

        self._write = write

    def _begin_text(self, name: str, *, as_file: bool) -> None:
        kept = bytearray()
        size = 0

        def write(data: memoryview) -> None:
            nonlocal size
            size += len(data)
            self._text_bytes += len(data)
            if self._text_bytes > self._limits.text:
                raise BadFormError(413, f"the text fields have more than {self._limits.text} bytes")
            kept.extend(data[: max(0, self._limits.field - len(kept))])

        def ends() -> None:
            known = self.form.texts.get(name)
            if known is not None:
                known.times += 1
                return
            value = kept.decode("utf-8", "replace")
            cut = size > len(kept)
            utf8 = cut or value.encode() == kept
            self.form.texts[name] = Text(value, size, cut, utf8, as_file=as_file)

        self._write, self._part_ends = write, ends

    def _decode_transfer(self) -> None:
        write, ends = self._write, self._part_ends
        encoding = self._headers.get("content-transfer-encoding", b"").decode("latin-1")
        decode = decoder(encoding, write or _drop)
        if decode is None:
            return

        def finish() -> None:
            decode.finish()
            if ends is not None:
                ends()

        self._write, self._part_ends = decode.write, finish

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._write is not None:
            self._write(memoryview(data)[start:end])

    def _part_end(self) -> None:
        if self._part_ends is not None:
            self._part_ends()
        self._write = self._part_ends = None


def _drop(_data: memoryview) -> None:
    """Where parts go that nobody keeps."""


def _extended_filename(disposition: bytes) -> str | None:
    """The value of ``filename*`` (RFC 5987), which forms should not have but some clients send."""
    start = disposition.lower().find(b"filename*=")
    if start < 0:
        return None
    value = disposition[start + 10 :].split(b";")[0].strip().decode("latin-1")
    return unquote(value.rpartition("'")[2], errors="replace")
