"""Parses the headers of a form part. Pure: bytes in, a value out."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from python_multipart.multipart import parse_options_header

from asyncproof.receiver.multipart.bad_form import BadFormError

MOST_HEADERS = 16
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)", re.DOTALL)
_CONTROL = bytes(range(9)) + bytes(range(10, 32)) + b"\x7f"
_SHORT = 1024


@dataclass(frozen=True, slots=True)
class PartHead:
    """The part's name; ``filename`` and ``extended`` (``filename*``) if it has them;
    ``content_type``, of which only the start is kept; ``encoding`` is its
    ``Content-Transfer-Encoding``."""

    name: str
    filename: str | None
    extended: str | None
    content_type: str
    encoding: str

    @property
    def is_file(self) -> bool:
        return self.filename is not None or self.extended is not None


def part_head(block: bytes, longest: int) -> PartHead:
    """Parse the header lines of a part, each of at most ``longest`` bytes.

    Raises:
        BadFormError: they are not headers, or not those of a form part.
    """
    read = _remembered if len(block) <= _SHORT else _read
    return read(block, longest)


def _read(block: bytes, longest: int) -> PartHead:
    headers = dict(_lines(block, longest))
    raw = headers.get(b"content-disposition", b"")
    kind, options = parse_options_header(raw)
    if kind != b"form-data" or b"name" not in options:
        raise BadFormError(400, "a part has no 'Content-Disposition: form-data' with a name")
    filename = options.get(b"filename")
    return PartHead(
        name=options[b"name"].decode("utf-8", "replace"),
        filename=None if filename is None else filename.decode("utf-8", "replace"),
        extended=_extended_filename(raw),
        content_type=headers.get(b"content-type", b"").decode("utf-8", "replace")[:200],
        encoding=headers.get(b"content-transfer-encoding", b"").decode("latin-1").strip().lower(),
    )


# A miner always sends the same few.
_remembered = lru_cache(256)(_read)


def _lines(block: bytes, longest: int) -> list[tuple[bytes, bytes]]:
    lines = block.split(b"\r\n", MOST_HEADERS)
    if len(lines) > MOST_HEADERS:
        raise BadFormError(400, f"a part has more than {MOST_HEADERS} headers")
    return [_line(line, longest) for line in lines]


def _line(line: bytes, longest: int) -> tuple[bytes, bytes]:
    """The header's name in lower case, and its value."""
    header = _HEADER.fullmatch(line) if len(line) <= longest else None
    if header is None:
        raise BadFormError(400, "a part has a header line that is malformed or too long")
    value = header[2].strip(b" \t")
    if value.translate(None, _CONTROL) != value:
        raise BadFormError(400, "a part's header has control characters in it")
    return header[1].lower(), value


def _extended_filename(disposition: bytes) -> str | None:
    """The value of ``filename*`` (RFC 5987), which forms should not have but some clients send."""
    start = disposition.lower().find(b"filename*=")
    if start < 0:
        return None
    value = disposition[start + 10 :].split(b";")[0].strip().decode("latin-1")
    return unquote(value.rpartition("'")[2], errors="replace")
