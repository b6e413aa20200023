"""Pictures that stand in JSON: in base64, bare or as a ``data:`` url (RFC 2397)."""

import base64
import binascii

_DATA = "data:"


def is_inline(text: str) -> bool:
    """Whether it is a picture itself, and not a link to one."""
    return text[: len(_DATA)].lower() == _DATA


def decoded(text: str) -> tuple[bytes, str, str]:
    """The picture, its content type (empty where none is told), and what is wrong with the text.

    What cannot be decoded is nothing, and never the start of a picture.
    """
    kind = ""
    if is_inline(text):
        head, comma, text = text.partition(",")
        kind, _, form = head[len(_DATA) :].rpartition(";")
        if not comma or form != "base64":
            return b"", "", "a data: url that is not base64"
    try:
        return _bytes(text), kind, ""
    except (binascii.Error, ValueError) as error:
        return b"", "", f"not base64: {error}"


def _bytes(text: str) -> bytes:
    """Lines, which some encoders make, are looked for only where there may be some."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return base64.b64decode("".join(text.split()), validate=True)
