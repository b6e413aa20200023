"""A strict, streaming look at a WebP file: its RIFF length, its chunks, its frames, its end.

WebP has no checksum either. ``decode_problem`` lets libwebp decode the file, which finds streams
that end early; damage inside a stream that still decodes is not found.
"""

import struct
from io import BytesIO

from PIL import Image

from asyncproof.images.file.defect import Defect, DefectKind
from asyncproof.images.file.push import Parser
from asyncproof.images.file.walker import Walker

_FRAMES = {b"VP8 ", b"VP8L", b"ANMF"}
_HEADER_BYTES = {b"VP8 ": 10, b"VP8L": 5, b"VP8X": 10}


class WebpParser(Walker):
    """Walks the chunks of one file."""

    def __init__(self, expected: tuple[int, int] | None = None) -> None:
        super().__init__(expected)
        self._frames = 0

    def _file(self) -> Parser:
        riff, length, form = struct.unpack("<4sI4s", (yield from self._read(12)))
        if (riff, form) != (b"RIFF", b"WEBP"):
            self._stop(DefectKind.TYPE, "not a WebP start", 0)
        end = length + 8
        while self._at < end:
            yield from self._chunk(end)
        if not self._frames:
            self._found(DefectKind.STRUCTURE, "no pixels at all", self._at)
        yield from self._after_end()

    def _chunk(self, end: int) -> Parser:
        start, self._inside = self._at, "a chunk header"
        kind, length = struct.unpack("<4sI", (yield from self._read(8)))
        padded = length + length % 2
        if not (kind.isascii() and kind.decode().isprintable()) or self._at + padded > end:
            self._stop(DefectKind.STRUCTURE, "chunk that does not fit into the file", start)
        self._inside = f"chunk {kind.decode().strip()}"
        header = _HEADER_BYTES.get(kind, 0)
        if length < header:
            self._stop(DefectKind.STRUCTURE, f"{self._inside} of {length} bytes", start)
        if header:
            self._take_header(kind, bytes((yield from self._read(header))), length, start)
        self._frames += kind in _FRAMES
        yield from self._skip(padded - header)

    def _take_header(self, kind: bytes, header: bytes, length: int, start: int) -> None:
        if kind == b"VP8X":
            width = 1 + int.from_bytes(header[4:7], "little")
            height = 1 + int.from_bytes(header[7:10], "little")
        elif kind == b"VP8L":
            bits = int.from_bytes(header[1:5], "little")
            width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        else:
            width, height = (side & 0x3FFF for side in struct.unpack("<HH", header[6:10]))
        sound = {b"VP8X": True, b"VP8L": header[0] == 0x2F, b"VP8 ": _sound_vp8(header, length)}
        if not sound[kind] or not width or not height:
            self._stop(DefectKind.HEADER, f"{self._inside} has no sound header", start)
        if self.size is None:
            self._take_size(width, height, start)
        elif self.size != (width, height):
            self._found(DefectKind.HEADER, "frame and canvas differ in size", start)


def _sound_vp8(header: bytes, length: int) -> bool:
    """The frame tag: a shown key frame whose first partition lies inside the chunk (RFC 6386)."""
    tag = int.from_bytes(header[:3], "little")
    return not tag & 1 and header[3:6] == b"\x9d\x01\x2a" and (tag >> 5) + 10 <= length


def decode_problem(data: bytes) -> Defect | None:
    """What libwebp stumbles on."""
    try:
        with Image.open(BytesIO(data), formats=("WEBP",)) as image:
            image.load()
    except Exception as error:  # whatever it is that Pillow raises, the picture cannot be shown
        words = str(error).partition(" <_io")[0]
        return Defect(DefectKind.STREAM, f"pixel data is corrupt: {words}")
    return None
