"""What a file is by its first bytes, by its name, and by what its sender called it."""

from enum import StrEnum
from pathlib import PurePath


class FileType(StrEnum):
    """What is told apart; only PNG, JPEG and WebP are judged further."""

    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WebP"
    GIF = "GIF"
    BMP = "BMP"
    TIFF = "TIFF"
    ICO = "ICO"
    AVIF = "AVIF or HEIF"
    SVG = "SVG"
    HTML = "HTML"
    JSON = "JSON"
    XML = "XML"
    PDF = "PDF"
    ZIP = "ZIP"
    GZIP = "gzip"
    MULTIPART = "a multipart body"
    ZEROS = "zero bytes"
    UNKNOWN = "no known format"


SNIFF_BYTES = 64  # enough for every rule below
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_MAGIC: tuple[tuple[bytes, FileType], ...] = (
    (PNG_SIGNATURE, FileType.PNG),
    (b"\xff\xd8\xff", FileType.JPEG),
    (b"GIF8", FileType.GIF),
    (b"BM", FileType.BMP),
    (b"II*\0", FileType.TIFF),
    (b"MM\0*", FileType.TIFF),
    (b"\0\0\1\0", FileType.ICO),
    (b"%PDF", FileType.PDF),
    (b"PK\3\4", FileType.ZIP),
    (b"\x1f\x8b", FileType.GZIP),
)
_TEXT_MAGIC: tuple[tuple[bytes, FileType], ...] = (
    (b"<!doctype html", FileType.HTML),
    (b"<html", FileType.HTML),
    (b"<head", FileType.HTML),
    (b"<svg", FileType.SVG),
    (b"<?xml", FileType.XML),
    (b"content-disposition:", FileType.MULTIPART),
    (b"content-type:", FileType.MULTIPART),
    (b"--", FileType.MULTIPART),
    (b"{", FileType.JSON),
    (b"[", FileType.JSON),
)
_BY_SUFFIX = {
    ".png": FileType.PNG,
    ".jpg": FileType.JPEG,
    ".jpeg": FileType.JPEG,
    ".webp": FileType.WEBP,
    ".gif": FileType.GIF,
    ".bmp": FileType.BMP,
    ".tif": FileType.TIFF,
    ".tiff": FileType.TIFF,
    ".avif": FileType.AVIF,
    ".svg": FileType.SVG,
}
_BY_CONTENT_TYPE = {
    "image/png": FileType.PNG,
    "image/jpeg": FileType.JPEG,
    "image/jpg": FileType.JPEG,  # not registered, widely sent
    "image/webp": FileType.WEBP,
    "image/gif": FileType.GIF,
    "image/bmp": FileType.BMP,
    "image/tiff": FileType.TIFF,
    "image/avif": FileType.AVIF,
    "image/svg+xml": FileType.SVG,
    "text/html": FileType.HTML,
    "application/json": FileType.JSON,
}


def type_by_content(head: bytes) -> FileType:
    """The type that the first bytes (``SNIFF_BYTES`` of them, or all there are) show."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FileType.WEBP
    if head[4:12] in {b"ftypavif", b"ftypheic", b"ftypmif1"}:
        return FileType.AVIF
    if head and not head.strip(b"\0"):
        return FileType.ZEROS
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((kind for magic, kind in _TEXT_MAGIC if text.startswith(magic)), FileType.UNKNOWN)


def type_by_name(name: str) -> FileType | None:
    """The type that a file name promises; None where it promises none."""
    return _BY_SUFFIX.get(PurePath(name).suffix.lower())


def type_by_content_type(content_type: str) -> FileType | None:
    """The type that a Content-Type promises; None where it promises none that is known."""
    return _BY_CONTENT_TYPE.get(content_type.partition(";")[0].strip().lower())
