"""A PNG is judged exactly: no damage is missed, no sound file is accused."""

import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from asyncproof.images.file.defect import Defect, DefectKind
from asyncproof.images.file.examine import Examiner, examine
from asyncproof.images.file.png import MAX_EXTRA_BYTES
from asyncproof.images.file.png_stream import PngHeader
from tests.support.picture_files import (
    EVERY_FORMAT,
    chunk,
    encoded,
    ihdr,
    png,
    raw_rows,
    scene,
)

SOUND = png()
ROWS = raw_rows(PngHeader(9, 7, 8, 2))


def kinds(data: bytes) -> set[str]:
    return {defect.kind.value for defect in examine(data)}


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (9, 7), (33, 17)], ids=str)
@pytest.mark.parametrize(("colour", "depth", "interlace"), EVERY_FORMAT)
def test_every_kind_of_png_is_sound(
    colour: int, depth: int, interlace: int, size: tuple[int, int]
) -> None:
    """All colour types, depths and interlaces pass, at sizes where passes are empty."""
    assert examine(png(*size, depth, colour, interlace), name="a.png", expected=size) == ()


def test_what_pillow_writes_is_sound() -> None:
    """Pictures as encoders write them have no defect."""
    assert examine(encoded(scene()), content_type="image/png; q=1") == ()


DAMAGE = {
    "empty": (b"", {"empty"}),
    "page of an error": (b"<!DOCTYPE html><p>404", {"type"}),
    "answer in JSON": (b'{"detail": "no"}', {"type"}),
    "left over of a multipart body": (b"--b\r\nContent-Type: image/png\r\n\r\n" + SOUND, {"type"}),
    "line break before the file": (b"\r\n" + SOUND, {"type"}),
    "line break after the file": (SOUND + b"\r\n", {"after-end"}),
    "boundary after the file": (SOUND + b"\r\n--b--\r\n", {"after-end"}),
    "second picture appended": (SOUND + SOUND, {"after-end"}),
    "zeros appended": (SOUND + bytes(4096), {"after-end"}),
    "no end": (SOUND[:-12], {"truncated"}),
    "end cut short": (SOUND[:-1], {"truncated"}),
    "end without CRC": (png(end=chunk(b"IEND", crc=1)), {"checksum"}),
    "end with a body": (png(end=chunk(b"IEND", b"x")), {"structure"}),
    "zero columns": (png(1, 7)[:16] + bytes(4) + png(1, 7)[20:], {"checksum", "header"}),
    "no pixels": (SOUND[:33] + chunk(b"IEND"), {"structure"}),
    "no header": (SOUND[:8] + SOUND[33:], {"structure"}),
    "two headers": (SOUND[:33] + SOUND[8:], {"structure"}),
    "one row missing": (png(rows=ROWS[:-28]), {"rows"}),
    "half of the rows": (png(rows=ROWS[: len(ROWS) // 2]), {"rows"}),
    "one byte missing": (png(rows=ROWS[:-1]), {"rows"}),
    "one byte too many": (png(rows=ROWS + b"\0"), {"rows"}),
    "bomb": (png(rows=ROWS + bytes(10_000_000)), {"rows"}),
    "header taller than the picture": (png(9, 8, rows=ROWS), {"rows"}),
    "header wider than the picture": (png(10, 7, rows=ROWS), {"rows"}),
    "filter 5": (png(rows=ROWS[:28] + b"\x05" + ROWS[29:]), {"rows"}),
    "filter 255 in the last row": (png(rows=ROWS[:-28] + b"\xff" + ROWS[-27:]), {"rows"}),
    "wrong Adler": (png(stream=zlib.compress(ROWS)[:-1] + b"!"), {"stream"}),
    "no Adler": (png(stream=zlib.compress(ROWS)[:-4]), {"stream"}),
    "no stream": (png(stream=b"not zlib at all"), {"stream"}),
    "data after the stream": (png(stream=zlib.compress(ROWS) + b"more"), {"stream"}),
    "pixels not in one run": (
        png(end=chunk(b"tEXt", b"a\0b") + chunk(b"IDAT") + chunk(b"IEND")),
        {"structure"},
    ),
    "unknown critical chunk": (png(before=chunk(b"ABCD")), {"structure"}),
    "chunk name of bytes": (png(before=chunk(b"\0\0\0\0")), {"structure"}),
    "palette twice": (png(colour=3, before=chunk(b"PLTE", bytes(6))), {"structure"}),
    "palette of four bytes": (png(before=chunk(b"PLTE", bytes(4))), {"structure"}),
    "no palette": (png(colour=3).replace(chunk(b"PLTE", bytes(768)), b""), {"structure"}),
    "broken text": (png(before=chunk(b"tEXt", b"a\0b", crc=0)), {"checksum"}),
    "60 MiB of text": (png(before=chunk(b"tEXt", bytes(MAX_EXTRA_BYTES + 1))), {"oversize"}),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_each_kind_of_damage_is_found_as_what_it_is(name: str) -> None:
    """Each damaged file has exactly the defects that it was given."""
    data, expected = DAMAGE[name]
    assert kinds(data) == expected


@pytest.mark.parametrize(
    "header",
    [
        ihdr(0, 7),
        ihdr(9, 0),
        ihdr(9, 7, depth=3),
        ihdr(9, 7, depth=4, colour=2),
        ihdr(9, 7, colour=5),
        ihdr(9, 7, interlace=2),
        ihdr(2**31, 7),
        chunk(b"IHDR", bytes(12)),
        chunk(b"IHDR", bytes(14)),
    ],
)
def test_a_header_without_sense_is_found_before_anything_is_allocated(header: bytes) -> None:
    """Size zero, depths, colour types and methods that do not exist."""
    assert kinds(SOUND[:8] + header + SOUND[33:]) <= {"header", "structure"}
    assert kinds(SOUND[:8] + header + SOUND[33:])


def test_the_header_alone_tells_a_wrong_size() -> None:
    """Dimensions are judged as soon as the header is there, without a pixel."""
    examiner = Examiner(expected=(1024, 1024))
    news = examiner.feed(SOUND[:8] + ihdr(30_000, 30_000) + bytes(40))
    assert [d.kind for d in news][:2] == [DefectKind.DIMENSIONS, DefectKind.OVERSIZE]
    assert str(news[0]) == "30000x30000 pixels instead of 1024x1024 (at byte 8)"


def test_a_truncated_file_tells_how_many_rows_there_are() -> None:
    """A person reads how much of the picture arrived."""
    data = encoded(scene(256))
    (defect,) = examine(data[: len(data) // 2])
    assert defect.detail.startswith("file ends inside chunk IDAT, after 1")
    assert defect.detail.endswith(" of 256 rows")


@given(st.integers(0, len(SOUND) - 1))
def test_a_file_cut_at_any_byte_is_never_sound(cut: int) -> None:
    """There is no byte at which a file can be cut unnoticed."""
    assert examine(SOUND[:cut])


@given(st.integers(0, len(SOUND) - 1), st.integers(1, 255), st.booleans())
@example(at=43, flip=8, mend=True)
def test_a_changed_byte_is_never_sound(at: int, flip: int, mend: bool) -> None:
    """No byte can change unnoticed; with a mended CRC, none that carries pixels.

    A deflate stream has a few bits that say nothing (RFC 1951, 3.2.4): those change no picture.
    """
    broken = bytearray(SOUND)
    broken[at] ^= flip
    assert examine(bytes(broken))
    data = mended(broken) if mend else bytes(broken)
    if mend and 33 <= at < len(SOUND) - 12 and data != SOUND and rows_of(data) != rows_of(SOUND):
        assert kinds(data) <= {"oversize", "rows", "stream", "structure", "truncated"}
        assert kinds(data)


def rows_of(data: bytes) -> bytes | None:
    """The filtered rows as zlib inflates them; None where it does not."""
    packed, at = b"", 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += 12 + length
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return None


def mended(data: bytearray) -> bytes:
    """The file with the CRC of every chunk made to fit, as far as its lengths lead."""
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            break
        crc = zlib.crc32(data[at + 4 : at + 8 + length])
        data[at + 8 + length : at + 12 + length] = crc.to_bytes(4, "big")
        at += 12 + length
    return bytes(data)


@given(st.data())
@settings(max_examples=60)
def test_a_zeroed_page_is_found(data: st.DataObject) -> None:
    """A page of zeros anywhere in the file, as a lost write leaves it."""
    whole = encoded(scene(96))
    start = data.draw(st.integers(0, len(whole) - 64))
    end = data.draw(st.integers(start + 64, len(whole)))
    assert examine(whole[:start] + bytes(end - start) + whole[end:])


@given(st.sampled_from(sorted(DAMAGE)), st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_arrival_in_pieces_changes_nothing(name: str, sizes: list[int]) -> None:
    """However a file is split on its way, its defects are the same kinds, each told once."""
    data = DAMAGE[name][0][:3000]
    examiner, at = Examiner(), 0
    news: list[Defect] = []
    for size in sizes:
        news += examiner.feed(data[at : at + size])
        at += size
    news += examiner.feed(data[at:])
    news += examiner.close()
    assert tuple(news) == examiner.defects
    assert [d.kind for d in news] == [d.kind for d in examine(data)]


def test_a_broken_file_is_known_before_its_end() -> None:
    """A defect in the first half is told while the second half is still on its way."""
    data = bytearray(encoded(scene(256)))
    data[1000] ^= 255
    examiner = Examiner()
    assert examiner.feed(bytes(data[: len(data) // 2]))


def indexed(depth: int, colours: int, highest: int) -> bytes:
    """A picture of 32×32 with a palette of ``colours`` whose last pixel points to ``highest``."""
    image = Image.fromarray(np.zeros((32, 32), np.uint8), "P")
    image.putpalette([7, 8, 9] * 2**depth)
    image.putpixel((31, 31), highest)
    whole = encoded_image(image, bits=depth)
    start = whole.index(b"PLTE") - 4
    end = start + 12 + int.from_bytes(whole[start : start + 4], "big")
    return whole[:start] + chunk(b"PLTE", bytes(3 * colours)) + whole[end:]


def encoded_image(image: Image.Image, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


@pytest.mark.parametrize(("depth", "colours"), [(1, 1), (2, 3), (4, 4), (8, 4), (8, 255)])
def test_a_pixel_that_points_beyond_the_palette_is_a_defect(depth: int, colours: int) -> None:
    """No decoder knows its colour; the last index that there is, is sound."""
    assert examine(indexed(depth, colours, colours - 1)) == ()
    (defect,) = examine(indexed(depth, colours, colours))
    assert defect.kind.value == "palette"
    assert f"index {colours} of a palette of {colours} colours (0.1 % beyond)" in defect.detail


def test_a_full_palette_is_not_held_to_be_decoded() -> None:
    """Any pixel of eight bits is within 256 colours."""
    assert examine(indexed(8, 256, 255)) == ()
