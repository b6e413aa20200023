"""Decodes the ``Content-Transfer-Encoding`` of a form part, piece by piece.

RFC 7578 (4.7) deprecates it, but old clients still send it.
"""

import base64
from binascii import Error as BadBase64

from python_multipart.decoders import QuotedPrintableDecoder

from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.parser import Part

# Also where it goes on after its padding: in one piece, the decoder does not tell the two apart.
NO_BASE64 = "not base64"


class _Base64:
    """Strict, unlike python-multipart, which ignores invalid characters."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._rest = b""
        self._padded = False

    def write(self, data: memoryview) -> None:
        letters = self._rest + bytes(data).translate(None, b"\r\n\t ")
        whole = len(letters) // 4 * 4
        self._rest = letters[whole:]
        if whole == 0:
            return
        if self._padded:
            raise _bad(NO_BASE64)
        try:
            decoded = base64.b64decode(letters[:whole], validate=True)
        except BadBase64:
            raise _bad(NO_BASE64) from None
        self._padded = letters[whole - 1 : whole] == b"="
        self._part.write(memoryview(decoded))

    def end(self) -> None:
        if self._rest:
            raise _bad("base64 is incomplete")
        self._part.end()


class _QuotedPrintable:
    def __init__(self, part: Part) -> None:
        self._part = part
        self._decoder = QuotedPrintableDecoder(_File(part))

    def write(self, data: memoryview) -> None:
        self._decoder.write(bytes(data))

    def end(self) -> None:
        self._decoder.finalize()
        self._part.end()


class _File:
    def __init__(self, part: Part) -> None:
        self._part = part

    def write(self, data: bytes) -> int:
        self._part.write(memoryview(data))
        return len(data)


def decoded(encoding: str, part: Part) -> Part:
    """A writer that decodes content in ``encoding`` and passes it to ``part``.

    Raises:
        BadFormError: unknown encoding; writes raise it too, for invalid content.
    """
    match encoding:
        case "" | "7bit" | "8bit" | "binary":
            return part
        case "base64":
            return _Base64(part)
        case "quoted-printable":
            return _QuotedPrintable(part)
        case _:
            raise _bad("unknown Content-Transfer-Encoding")


def _bad(why: str) -> BadFormError:
    return BadFormError(400, f"a part cannot be decoded: {why}")
