"""JPEG and WebP by their own structure, and what a file is against what it is called."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncproof.images.file.defect import Defect
from asyncproof.images.file.examine import Examiner, examine
from tests.support.picture_files import encoded, scene

PIXELS = scene(64)
FILES = {
    "baseline": encoded(PIXELS, "JPEG", quality=90),
    "progressive": encoded(PIXELS, "JPEG", progressive=True),
    "restarts": encoded(PIXELS, "JPEG", restart_marker_rows=1),
    "grey": encoded(PIXELS[:, :, 0], "JPEG"),
    "lossy": encoded(PIXELS, "WEBP"),
    "lossless": encoded(PIXELS, "WEBP", lossless=True),
    "alpha": encoded(PIXELS.repeat(4, axis=2)[:, :, :4], "WEBP"),
}


def kinds(data: bytes, **called: str) -> list[str]:
    return [defect.kind.value for defect in examine(data, **called)]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FILES)
def test_sound_files_have_no_defect(name: str) -> None:
    """Baseline, progressive and restarting JPEG, lossy and lossless WebP."""
    assert examine(FILES[name], expected=(64, 64)) == ()


@pytest.mark.parametrize("name", FILES)
def test_the_size_is_read_from_the_header(name: str) -> None:
    """Another size than the expected one is a defect of every format."""
    (defect,) = examine(FILES[name], expected=(64, 65))
    assert defect.detail == "64x64 pixels instead of 64x65"


@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_file_cut_at_any_byte_is_never_sound(name: str, data: st.DataObject) -> None:
    """There is no byte at which a JPEG or WebP can be cut unnoticed."""
    assert examine(FILES[name][: data.draw(st.integers(0, len(FILES[name]) - 1))])


def with_segment(marker: int, body: bytes, data: bytes = FILES["baseline"]) -> bytes:
    """The JPEG with one more segment at its beginning."""
    return data[:2] + bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body + data[2:]


@pytest.mark.parametrize(
    "notes",
    [
        with_segment(0xE2, b"ICC_PROFILE\0\2\1" + bytes(200)),  # part 2 of 1
        with_segment(0xE2, b"ICC_PROFILE\0\1\3" + bytes(200)),  # two parts are missing
        with_segment(0xE2, b"ICC_PROFILE\0"),
        with_segment(0xEE, b"Adobe\0\x64\0\0\0\0\x09"),  # an unknown transform
        with_segment(0xFE, b"\xff\xd9\xff\xda"),  # a comment that looks like an end
        with_segment(0xE2, b"ICC_PROFILE\0\2\1", FILES["progressive"]),
    ],
)
def test_a_mistake_beside_the_pixels_is_not_held_against_them(notes: bytes) -> None:
    """A broken colour profile leaves every pixel where it was."""
    assert examine(notes) == ()
    assert kinds(notes[: len(notes) * 3 // 4] + b"\xff\xd9")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("tail", [b"\r\n", b"\0" * 512, FILES["baseline"], b"\r\n--b--\r\n"])
def test_nothing_follows_the_end(name: str, tail: bytes) -> None:
    """Line breaks, zeros, a second picture, a boundary."""
    assert kinds(FILES[name] + tail) == ["after-end"]


@pytest.mark.parametrize("name", ["baseline", "progressive", "restarts", "grey"])
def test_a_scan_that_ends_early_is_found_though_the_end_marker_is_there(name: str) -> None:
    """A decoder would fill up with grey; its warning is a defect."""
    whole = FILES[name]
    assert kinds(whole[: len(whole) // 2] + b"\xff\xd9")


@given(st.sampled_from(["baseline", "restarts", "grey"]), st.data())
@settings(max_examples=40)
def test_a_zeroed_tail_of_a_jpeg_is_found(name: str, data: st.DataObject) -> None:
    """The second half of the file as zeros, the end marker lost with it."""
    whole = FILES[name]
    keep = data.draw(st.integers(2, len(whole) - 3))
    assert examine(whole[:keep] + bytes(len(whole) - keep))


@given(st.sampled_from(sorted(FILES)), st.lists(st.integers(1, 300), max_size=20))
def test_arrival_in_pieces_changes_nothing(name: str, sizes: list[int]) -> None:
    """However a file is split on its way, its defects are the same, each told once."""
    data = FILES[name][:-40] + b"\xff\xd0" + FILES[name][-40:] + b"tail"
    examiner, at = Examiner(), 0
    news: list[Defect] = []
    for size in sizes:
        news += examiner.feed(data[at : at + size])
        at += size
    news += [*examiner.feed(data[at:]), *examiner.close()]
    assert tuple(news) == examiner.defects == examine(data)


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(noise: bytes) -> None:
    """Whatever follows a good beginning ends in defects."""
    for head in (b"", FILES["baseline"][:20], FILES["lossy"][:16], FILES["lossless"][:21]):
        assert examine(head + noise)


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("a.png", "image/png", ["type", "type"]),
        ("a.PNG", "", ["type"]),
        ("a.jpg", "image/png; charset=x", ["type"]),
        ("a.jpeg", "image/jpg", []),
        ("a", "application/octet-stream", []),
        ("", "", []),
        ("a.bin", "text/html", ["type"]),
    ],
)
def test_the_bytes_are_what_the_sender_calls_them(
    name: str, content_type: str, expected: list[str]
) -> None:
    """A JPEG is not a PNG, whatever its name; a name that promises nothing is no defect."""
    assert kinds(FILES["baseline"], name=name, content_type=content_type) == expected


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "file is empty"),
        (b"GIF89a", "not a PNG, JPEG or WebP but GIF"),
        (b"PK\3\4", "not a PNG, JPEG or WebP but ZIP"),
        (b"\0" * 100, "not a PNG, JPEG or WebP but zero bytes"),
        (b"\n <html>", "not a PNG, JPEG or WebP but HTML"),
        (b"\0\0\1\0\1\0", "not a PNG, JPEG or WebP but ICO"),
        (b"hello", "not a PNG, JPEG or WebP but no known format"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, words: str) -> None:
    """A person reads what arrived instead."""
    (defect,) = examine(data)
    assert defect.detail == words
