"""A strict, streaming look at a PNG file (ISO/IEC 15948), without thresholds.

What is held against a file is what makes a decoder guess or leave pixels out: the signature, chunk
lengths and CRCs, the order of the critical chunks, a header that makes no sense, a stream that does
not inflate to exactly the rows of the header with the right Adler sum, filter types that do not
exist, no IEND, and anything after it. Nothing is allocated on the word of the file.
"""

import struct
from io import BytesIO

from PIL import Image

from asyncproof.images.file.defect import Defect, DefectKind
from asyncproof.images.file.inflate import crc32
from asyncproof.images.file.packed import Packed
from asyncproof.images.file.png_stream import PngHeader, PngStream
from asyncproof.images.file.push import AtMost, Bytes, Parser
from asyncproof.images.file.sniff import PNG_SIGNATURE
from asyncproof.images.file.walker import Walker

MAX_PIXELS = 1 << 28  # 16384 × 16384; a header that promises more is not inflated
MAX_KEPT_BYTES = 1 << 27
MAX_EXTRA_BYTES = 1 << 24  # of chunks that are not pixels: profiles, prompts, workflows
MAX_CHUNK = (1 << 31) - 1


class PngParser(Walker):
    """Walks the chunks of one file.

    With ``keep`` the inflated rows are kept in ``stream.rows``, unless the header has another size
    than the expected one, or an unreasonable one: nothing is allocated for a header that lies.
    ``see_through``: a chunk makes some colours transparent.
    """

    def __init__(self, expected: tuple[int, int] | None = None, *, keep: bool = False) -> None:
        super().__init__(expected)
        self.header: PngHeader | None = None
        self.stream: PngStream | None = None
        self._keep = keep
        self._extra = 0
        self.see_through = False
        self.colours = 0  # of the palette
        self._pixels = "before"

    @property
    def short_palette(self) -> bool:
        """Whether pixels can point beyond the palette, as far as the bytes have told."""
        if self.header is None:
            return True
        return self.header.colour == 3 and self.colours < 2**self.header.depth

    def _file(self) -> Parser:
        yield from self._signature()
        yield from self._chunks()
        yield from self._after_end()

    def _signature(self) -> Parser:
        if bytes((yield from self._read(8))) != PNG_SIGNATURE:
            self._stop(DefectKind.TYPE, "not a PNG signature", 0)

    def _chunks(self) -> Parser:
        kind = b""
        while kind != b"IEND":
            start, self._inside = self._at, "a chunk header"
            length, kind = struct.unpack(">I4s", (yield from self._read(8)))
            if not kind.isalpha() or length > MAX_CHUNK:
                self._stop(DefectKind.STRUCTURE, "bytes that are no chunk", start)
            self._inside = f"chunk {kind.decode()}"
            self._check_order(kind, length, start)
            if kind == b"IDAT":
                yield from self._pixel_chunk(length)
            elif kind in _CRITICAL:
                yield from self._small_chunk(kind, length, start)
            else:
                yield from self._other_chunk(kind, length, start)

    def _check_order(self, kind: bytes, length: int, start: int) -> None:
        if (self.header is None) != (kind == b"IHDR"):
            self._stop(DefectKind.STRUCTURE, f"chunk {kind.decode()} out of order", start)
        if kind[0] < ord("a") and kind not in _CRITICAL and kind != b"IDAT":
            self._found(DefectKind.STRUCTURE, f"unknown critical chunk {kind.decode()}", start)
        if kind == b"IDAT" and self._pixels == "after":
            self._found(DefectKind.STRUCTURE, "pixel chunks are not consecutive", start)
        if kind == b"IDAT" and self._pixels == "before":
            self._pixels = "inside"
            if self.header and self.header.colour == 3 and not self.colours:
                self._found(DefectKind.STRUCTURE, "palette picture without a palette", start)
        if kind != b"IDAT" and self._pixels == "inside":
            self._pixels = "after"
            self._finish_pixels(start)
        if kind in {b"PLTE", b"tRNS"} and self._pixels != "before":
            self._found(DefectKind.STRUCTURE, f"chunk {kind.decode()} after the pixels", start)
        self.see_through |= kind == b"tRNS"
        if kind in _CRITICAL and length > _CRITICAL[kind]:
            self._stop(DefectKind.STRUCTURE, f"chunk {kind.decode()} of {length} bytes", start)

    def _small_chunk(self, kind: bytes, length: int, start: int) -> Parser:
        body = bytes((yield from self._read(length)))
        yield from self._check_crc(crc32(body, crc32(kind)), kind, start)
        if kind == b"IHDR":
            self._take_header(body, start)
        elif kind == b"PLTE":
            self._take_palette(body, start)
        elif self.stream is None and not self.defects:
            self._found(DefectKind.STRUCTURE, "no pixels at all", start)

    def _take_header(self, body: bytes, start: int) -> None:
        if len(body) != 13:
            self._stop(DefectKind.HEADER, f"header of {len(body)} bytes", start)
        header = PngHeader(*struct.unpack(">IIBBBBB", body))
        if header.problem():
            self._stop(DefectKind.HEADER, header.problem(), start)
        self._take_size(header.width, header.height, start)
        if header.width * header.height > MAX_PIXELS:
            self._stop(
                DefectKind.OVERSIZE, f"header promises {header.width}x{header.height} pixels", start
            )
        self.header = header

    def _take_palette(self, body: bytes, start: int) -> None:
        assert self.header is not None
        entries, rest = divmod(len(body), 3)
        most = 2**self.header.depth if self.header.colour == 3 else 256
        if self.colours or rest or not 0 < entries <= most or self.header.colour in {0, 4}:
            self._found(DefectKind.STRUCTURE, f"palette of {len(body)} bytes does not fit", start)
        self.colours = entries

    def _pixel_chunk(self, length: int) -> Parser:
        assert self.header is not None
        start, crc = self._at - 8, crc32(b"IDAT")
        if self.stream is None:
            keep = self._keep and not self.defects and self.header.stream_bytes <= MAX_KEPT_BYTES
            self.stream = PngStream(self.header, keep=keep)
        while length:
            piece = yield AtMost(length)
            crc = crc32(piece, crc)
            self._inflate(piece)
            self._at += len(piece)
            length -= len(piece)
        yield from self._check_crc(crc, b"IDAT", start)

    def _inflate(self, piece: Bytes) -> None:
        if self.stream is not None and not self._broken_stream():
            defect = self.stream.feed(piece)
            if defect:
                self._found(defect.kind, defect.detail, self._at)

    def _finish_pixels(self, at: int) -> None:
        if self.stream is not None and not self._broken_stream():
            defect = self.stream.finish()
            if defect:
                self._found(defect.kind, defect.detail, at)

    def _broken_stream(self) -> bool:
        return any(d.kind in {DefectKind.STREAM, DefectKind.ROWS} for d in self.defects)

    def _other_chunk(self, kind: bytes, length: int, start: int) -> Parser:
        self._count_extra(length, start)
        crc, packed = crc32(kind), Packed(kind)
        while length:
            piece = yield AtMost(length)
            crc = crc32(piece, crc)
            before = packed.length
            packed.feed(piece, MAX_EXTRA_BYTES)
            self._count_extra(packed.length - before, start)
            self._at += len(piece)
            length -= len(piece)
        yield from self._check_crc(crc, kind, start)

    def _count_extra(self, length: int, start: int) -> None:
        """Of bytes beside the pixels, packed and unpacked."""
        self._extra += length
        if self._extra > MAX_EXTRA_BYTES >= self._extra - length:
            mib = MAX_EXTRA_BYTES >> 20
            self._found(DefectKind.OVERSIZE, f"more than {mib} MiB beside the pixels", start)

    def _check_crc(self, crc: int, kind: bytes, start: int) -> Parser:
        if crc != int.from_bytes((yield from self._read(4)), "big"):
            self._found(DefectKind.CHECKSUM, f"chunk {kind.decode()} does not match its CRC", start)

    def _end_of_file(self) -> None:
        pixels = self.stream is not None and self._pixels == "inside" and not self._broken_stream()
        rows = f", {self.stream.progress}" if pixels and self.stream is not None else ""
        self._found(DefectKind.TRUNCATED, f"file ends inside {self._inside}{rows}", self._at)


_CRITICAL = {b"IHDR": 13, b"PLTE": 768, b"IEND": 0}  # and the most bytes that each may have


def index_problem(data: bytes, colours: int) -> Defect | None:
    """The pixels of a picture with a palette of ``colours`` that point beyond it: a decoder shows
    them in whatever colour it likes."""
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as image:
            counts = image.histogram()
    except Exception:  # what Pillow cannot decode is told where its pixels are looked at
        return None
    beyond, highest = sum(counts[colours:]), max(n for n, count in enumerate(counts) if count)
    if not beyond:
        return None
    share = f"{beyond / sum(counts):.1%}".replace("%", " %")
    detail = f"pixels point to index {highest} of a palette of {colours} colours ({share} beyond)"
    return Defect(DefectKind.PALETTE, detail)
