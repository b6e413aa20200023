"""Builds picture files byte by byte, sound and broken."""

import struct
import zlib
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from asyncproof.images.file.png_stream import PngHeader
from asyncproof.images.file.sniff import PNG_SIGNATURE

Pixels = npt.NDArray[np.uint8]
EVERY_FORMAT = [
    (colour, depth, interlace)
    for colour, depths in {
        0: (1, 2, 4, 8, 16),
        2: (8, 16),
        3: (1, 2, 4, 8),
        4: (8, 16),
        6: (8, 16),
    }.items()
    for depth in depths
    for interlace in (0, 1)
]


def chunk(kind: bytes, body: bytes = b"", crc: int | None = None) -> bytes:
    crc = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def ihdr(width: int, height: int, depth: int = 8, colour: int = 2, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def raw_rows(header: PngHeader, seed: int = 1) -> bytes:
    """Random filtered rows, filter bytes 0 to 4, as many as the header asks for."""
    rng = np.random.default_rng(seed)
    rows = []
    for count, stride in header.passes:
        for _ in range(count):
            filter_byte = bytes([int(rng.integers(0, 5))])
            rows.append(filter_byte + rng.integers(0, 256, stride - 1, np.uint8).tobytes())
    return b"".join(rows)


def png(
    width: int = 9,
    height: int = 7,
    depth: int = 8,
    colour: int = 2,
    interlace: int = 0,
    *,
    rows: bytes | None = None,
    stream: bytes | None = None,
    split: int = 50,
    before: bytes = b"",
    end: bytes = chunk(b"IEND"),
) -> bytes:
    """A PNG of the given header; ``rows`` or ``stream`` replace its pixels, ``end`` its end."""
    header = PngHeader(width, height, depth, colour, interlace=interlace)
    if stream is None:
        stream = zlib.compress(raw_rows(header) if rows is None else rows)
    palette = chunk(b"PLTE", bytes(3 * 2**depth)) if colour == 3 else b""
    pieces = [stream[i : i + split] for i in range(0, len(stream), split)]
    idat = b"".join(chunk(b"IDAT", piece) for piece in pieces)
    return (
        PNG_SIGNATURE
        + ihdr(width, height, depth, colour, interlace)
        + palette
        + before
        + idat
        + end
    )


def scene(side: int = 64, seed: int = 1) -> Pixels:
    """A gradient with grain and a few edges."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    waves = 60 * np.sin(x / 9 + seed) + 50 * np.cos(y / 7)
    levels = 120 + waves[:, :, None] + rng.normal(0, 6, (side, side, 3))
    pixels: Pixels = levels.clip(0, 255).astype(np.uint8)
    pixels[side // 4 : side // 2, side // 3 : side // 2] //= 2
    return pixels


def encoded(pixels: Pixels, image_format: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, image_format, **options)
    return out.getvalue()
