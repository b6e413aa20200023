"""Hostile files cost no more memory than a sound picture, and end as findings."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncproof.images.describe import describe
from asyncproof.images.file.examine import Examiner, examine
from asyncproof.images.file.sniff import PNG_SIGNATURE
from asyncproof.images.pixels import decode
from tests import ROOT
from tests.support.picture_files import chunk, encoded, ihdr, png, scene

SIDE = 1024
ALLOWANCE = 8 << 20  # bytes; what the interpreter may need beside the picture

PROBE = """
import resource, sys
from pathlib import Path
from asyncproof.images.describe import describe_file
describe_file(Path(sys.argv[1]), expected=(1024, 1024))
for hostile in sys.argv[2:]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    problems = describe_file(Path(hostile), expected=(1024, 1024))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    print(grown, *sorted({p.kind for p in problems}))
"""


def packed_zeros(mebibytes: int) -> bytes:
    """So many zeros as a zlib stream, a thousand to one; put together from one block, since packing
    them takes a second."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = ((mebibytes << 20) % 65521) << 16 | 1  # Adler-32 of zeros
    return b"\x78\xda" + block * mebibytes + b"\x03\x00" + checksum.to_bytes(4, "big")


def bomb(side: int) -> bytes:
    """A header of the given side, and zeros for as many rows, packed a thousand to one."""
    rows = packed_zeros(512)
    return PNG_SIGNATURE + ihdr(side, side) + chunk(b"IDAT", rows) + chunk(b"IEND")


def jpeg_of(width: int, height: int) -> bytes:
    """A small JPEG whose header promises more."""
    data = bytearray(encoded(scene(64), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def commented(length: int) -> bytes:
    """A JPEG of the right size with so many bytes of comments before its header."""
    data, comment = encoded(scene(SIDE), "JPEG"), b"\xff\xfe\xff\xff" + bytes(65_533)
    return data[:2] + comment * (length // len(comment)) + data[2:]


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "header of 30000x30000": (
        lambda: PNG_SIGNATURE + ihdr(30_000, 30_000) + bytes(99),
        "dimensions",
    ),
    "bomb behind that header": (lambda: bomb(30_000), "dimensions"),
    "bomb behind a sound header": (lambda: bomb(SIDE), "rows"),
    "60 MB of text": (lambda: png(before=chunk(b"tEXt", b"a\0" + bytes(60_000_000))), "oversize"),
    "packed text": (
        lambda: png(before=chunk(b"zTXt", b"a\0\0" + packed_zeros(200))),
        "oversize",
    ),
    "packed text in a language": (
        lambda: png(before=chunk(b"iTXt", b"a\0\1\0en\0b\0" + packed_zeros(99))),
        "oversize",
    ),
    "packed profile": (
        lambda: png(before=chunk(b"iCCP", b"a\0\0" + packed_zeros(99))),
        "oversize",
    ),
    "no size": (lambda: PNG_SIGNATURE + ihdr(0, 0) + bytes(99), "header"),
    "picture in a picture": (lambda: b"\0\0\1\0\1\0" + png(), "type"),
    "archive of itself": (lambda: b"PK\3\4" + png() * 50, "type"),
    "chunk of two gigabytes": (
        lambda: PNG_SIGNATURE + ihdr(SIDE, SIDE) + b"\x7f\xff\xff\xffIDAT" + bytes(999),
        "stream",
    ),
    "JPEG of 65000x65000": (lambda: jpeg_of(65_000, 65_000), "dimensions"),
    "vector picture": (lambda: b"<svg xmlns:xlink='x'><use href='#a'/></svg>", "type"),
}


def test_hostile_files_cost_no_more_than_a_sound_one(tmp_path: Path) -> None:
    """After a sound picture of the size, a hostile one of any size needs next to nothing more."""
    sound = tmp_path / "sound.png"
    sound.write_bytes(encoded(scene(SIDE)))
    for name, (make, _) in HOSTILE.items():
        (tmp_path / name).write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", PROBE, sound, *(tmp_path / name for name in HOSTILE)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    costs = [line.split() for line in done.stdout.splitlines()]
    for (name, (_, kind)), (grown, *kinds) in zip(HOSTILE.items(), costs, strict=True):
        assert kind in kinds, name
        assert int(grown) < ALLOWANCE, name


def test_the_bombs_are_what_they_say() -> None:
    assert zlib.decompress(packed_zeros(3)) == bytes(3 << 20)
    assert len(packed_zeros(3)) < 4 << 10


TEXT = zlib.compress(bytes(1 << 20))
SOUND_EXTRAS = {
    "packed text": chunk(b"zTXt", b"prompt\0\0" + TEXT),
    "profile": chunk(b"iCCP", b"sRGB\0\0" + TEXT),
    "plain text in a language": chunk(b"iTXt", b"a\0\0\0en\0b\0" + bytes(999)),
    "text without an end of its name": chunk(b"zTXt", b"x" * 9000),
    "text that does not unpack": chunk(b"zTXt", b"a\0\0" + b"x" * 999),
    "nothing": chunk(b"iTXt", b""),
}


@pytest.mark.parametrize("name", SOUND_EXTRAS)
def test_ordinary_text_is_no_defect(name: str) -> None:
    """Packed or not, sound or not: no pixel depends on it. It may come byte by byte."""
    data = png(before=SOUND_EXTRAS[name])
    assert examine(data) == ()
    examiner = Examiner()
    for n in range(len(data)):
        examiner.feed(data[n : n + 1])
    examiner.close()
    assert examiner.defects == ()


@pytest.mark.parametrize(("length", "kinds"), [(3_000_000, []), (20_000_000, ["oversize"])])
def test_a_jpeg_may_have_comments_but_not_without_end(length: int, kinds: list[str]) -> None:
    """It is held until it is decoded: at most what its pixels take, and a few megabytes."""
    assert [str(defect.kind) for defect in examine(commented(length))] == kinds


def test_a_long_text_does_not_keep_a_picture_from_being_decoded() -> None:
    """Four mebibytes, as a workflow with pictures in it may have."""
    data = png(before=chunk(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(4 << 20))))
    assert describe(data) == ()
    assert decode(data).shape == decode(png()).shape
