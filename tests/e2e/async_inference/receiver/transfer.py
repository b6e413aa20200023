"""Undoing the ``Content-Transfer-Encoding`` of a form part, piece by piece.

RFC 7578 (4.7) deprecates it, but old clients still send it.
"""

import base64
from binascii import Error as BadBase64
from collections.abc import Callable
from typing import Protocol

from python_multipart.decoders import QuotedPrintableDecoder

Write = Callable[[memoryview], object]


class BadEncodingError(ValueError):
    """The part is not in the encoding that it announces, or in none that is known."""


class Decoder(Protocol):
    """Takes encoded pieces; ``finish`` after the last one."""

    def write(self, data: memoryview) -> object: ...
    def finish(self) -> None: ...


class _Base64:
    """Strict, unlike python-multipart's, which ignores letters that base64 does not have."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._rest = b""
        self._padded = False

    def write(self, data: memoryview) -> None:
        letters = self._rest + bytes(data).translate(None, b"\r\n\t ")
        whole = len(letters) // 4 * 4
        self._rest = letters[whole:]
        if whole == 0:
            return
        if self._padded:
            raise BadEncodingError("base64 goes on after its padding")
        try:
            decoded = base64.b64decode(letters[:whole], validate=True)
        except BadBase64:
            raise BadEncodingError("not base64") from None
        self._padded = letters[whole - 1 : whole] == b"="
        self._write(memoryview(decoded))

    def finish(self) -> None:
        if self._rest:
            raise BadEncodingError("base64 is cut short")


class _QuotedPrintable:
    def __init__(self, write: Write) -> None:
        self._decoder = QuotedPrintableDecoder(_File(write))

    def write(self, data: memoryview) -> None:
        self._decoder.write(bytes(data))

    def finish(self) -> None:
        self._decoder.finalize()


class _File:
    def __init__(self, write: Write) -> None:
        self._write = write

    def write(self, data: bytes) -> int:
        self._write(memoryview(data))
        return len(data)


def decoder(encoding: str, write: Write) -> Decoder | None:
    """The decoder that ``encoding`` needs in front of ``write``; None where it needs none.

    Raises:
        BadEncodingError: no such encoding.
    """
    match encoding.strip().lower():
        case "" | "7bit" | "8bit" | "binary":
            return None
        case "base64":
            return _Base64(write)
        case "quoted-printable":
            return _QuotedPrintable(write)
        case _:
            raise BadEncodingError("unknown Content-Transfer-Encoding")
