"""A strict, streaming look at a JPEG file (ITU-T T.81): its segments, its scans, its end.

JPEG has no checksum. What its structure cannot show, its pixels can: ``decode_problem``
decodes them with libjpeg-turbo and takes each of its warnings as a defect, so a scan that is longer
or shorter than its blocks is found. A flipped bit that still decodes to as many blocks is not.
"""

import re
import struct
from collections.abc import Generator

import simplejpeg

from asyncproof.images.file.defect import Defect, DefectKind
from asyncproof.images.file.jpeg_scan import MAX_CODED_BYTES, scan_problem
from asyncproof.images.file.push import AtMost, Bytes, GiveBack, Parser, Wanted
from asyncproof.images.file.walker import Walker

MAX_SCANS = 500  # a progressive picture has about ten; each one costs a walk over all blocks
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_DECODED_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # Huffman, then arithmetic coding
_RESTARTS = range(0xD0, 0xD8)
_START, _END, _SCAN, _APP2 = 0xD8, 0xD9, 0xDA, 0xE2
_NOT_PIXELS = {*range(0xE0, 0xF0), 0xFE}  # APP0 to APP15 and comments: profiles, previews, notes

_PIECE = 1 << 16
_MARKER = re.compile(rb"\xff+[^\x00\xff]")  # 0xFF 0x00 stands for a 0xFF of the pixels


class JpegParser(Walker):
    """Walks the segments of one file. ``decodable``: libjpeg-turbo knows this kind of picture."""

    def __init__(self, expected: tuple[int, int] | None = None) -> None:
        super().__init__(expected)
        self.components = 0
        self.decodable = False
        self._scans = 0
        self._multi_picture = False

    def _file(self) -> Parser:
        if bytes((yield from self._read(2))) != b"\xff\xd8":
            self._stop(DefectKind.TYPE, "not a JPEG start", 0)
        yield from self._segments()
        if not self._multi_picture:
            yield from self._after_end()

    def _segments(self) -> Parser:
        marker = yield from self._marker()
        while marker != _END:
            start = self._at - 2
            self._inside = f"segment {marker:02X}"
            if marker in _RESTARTS or marker in {0x00, 0x01, _START}:
                self._stop(DefectKind.STRUCTURE, f"marker {marker:02X} out of place", start)
            body = yield from self._body(start)
            self._take(marker, body, start)
            if marker == _SCAN:
                marker = yield from self._scan()
            else:
                marker = yield from self._marker()
        if not self._scans:
            self._found(DefectKind.STRUCTURE, "no pixels at all", self._at - 2)

    def _marker(self) -> Generator[Wanted, Bytes, int]:
        self._inside = "a marker"
        first, code = (yield from self._read(1))[0], 0xFF
        if first != 0xFF:
            self._stop(DefectKind.STRUCTURE, "bytes that are no segment", self._at - 1)
        while code == 0xFF:  # any number of fill bytes
            code = (yield from self._read(1))[0]
        return code

    def _body(self, start: int) -> Generator[Wanted, Bytes, bytes]:
        (length,) = struct.unpack(">H", (yield from self._read(2)))
        if length < 2:
            self._stop(DefectKind.STRUCTURE, "segment without a length", start)
        return bytes((yield from self._read(length - 2)))

    def _take(self, marker: int, body: bytes, start: int) -> None:
        if marker in _FRAMES:
            self._take_frame(marker, body, start)
        elif marker == _APP2 and body.startswith(b"MPF\0"):
            self._multi_picture = True  # previews rightly follow the end of the first picture
        elif marker == _SCAN:
            self._scans += 1
            if self.size is None:
                self._stop(DefectKind.STRUCTURE, "pixels before the frame header", start)
            if self._scans > MAX_SCANS:
                self._stop(DefectKind.OVERSIZE, f"more than {MAX_SCANS} scans", start)

    def _take_frame(self, marker: int, body: bytes, start: int) -> None:
        if len(body) < 6 or self.size is not None:
            self._stop(DefectKind.STRUCTURE, "frame header cut short or given twice", start)
        precision, height, width, components = struct.unpack(">BHHB", body[:6])
        if not (width and height and components) or len(body) != 6 + 3 * components:
            self._stop(DefectKind.HEADER, f"header promises {width}x{height} pixels", start)
        self._take_size(width, height, start)
        self.components = components
        self.decodable = precision == 8 and marker in _DECODED_FRAMES and components in {1, 3, 4}

    def _scan(self) -> Generator[Wanted, Bytes, int]:
        """Skip entropy-coded data and its restart markers; the marker that ends it."""
        self._inside = f"scan {self._scans}"
        restart, tail = 0, b""
        while True:
            piece = tail + bytes((yield AtMost(_PIECE)))
            start = self._at - len(tail)
            for found in _MARKER.finditer(piece):
                code = piece[found.end() - 1]
                if code not in _RESTARTS:
                    self._at = start + found.end()
                    yield GiveBack(len(piece) - found.end())
                    return code
                if code - 0xD0 != restart:
                    self._found(
                        DefectKind.STRUCTURE, "restart marker missing", start + found.start()
                    )
                restart = (code - 0xD0 + 1) % 8
            self._at = start + len(piece)
            tail = b"\xff" if piece.endswith(b"\xff") else b""


def decode_problem(data: bytes, components: int) -> Defect | None:
    """What the decoder stumbles on, a warning being as good as an error.

    Decoded at an eighth of the size: all of the entropy-coded data is read, few pixels are made.
    A mistake in a colour profile or another note does not damage the pixels.
    """
    colours = {1: "GRAY", 3: "RGB", 4: "CMYK"}[components]
    try:
        simplejpeg.decode_jpeg(
            _pixels_only(data), colorspace=colours, min_height=1, min_width=1, strict=True
        )
    except ValueError as error:
        words = str(error)
        if "subsampling" in words:  # sound by the standard, unknown to this decoder
            words = _walked(data)
        return Defect(DefectKind.STREAM, f"pixel data is corrupt: {words}") if words else None
    return None


def _walked(data: bytes) -> str:
    """What a walk over all blocks finds; nothing of arithmetic coding, and of very long files."""
    huffman = not re.search(rb"\xff[\xc9\xca]\0[\x0b-\x14]\x08", _pixels_only(data))
    return scan_problem(data) if huffman and len(data) <= MAX_CODED_BYTES else ""


def _pixels_only(data: bytes) -> bytes:
    """The same picture without what is said beside it; its structure has to be sound."""
    kept, at = [data[:2]], 2
    while (code := data[at + 1]) not in {_SCAN, _END}:
        if code == 0xFF:  # a fill byte
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if code not in _NOT_PIXELS:
            kept.append(data[at:end])
        at = end
    return b"".join((*kept, data[at:]))
