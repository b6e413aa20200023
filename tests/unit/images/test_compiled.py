"""The compiled pass gives the numbers of the one that is to be read, and the same answers."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncproof.images.describe import describe, describe_compiled
from asyncproof.images.file.examine import examine
from asyncproof.images.file.png_stream import PngHeader
from asyncproof.images.pixels import Pixels, decode
from asyncproof.images.single import statistics
from tests.support.picture_files import encoded, png, raw_rows, scene
from tests.unit.images.test_single import DAMAGED, SOUND

pytest.importorskip("numba", reason="not installed: pip install -r requirements_fast.txt")
compiled = pytest.importorskip("asyncproof.images.compiled.measure")
unfilter = pytest.importorskip("asyncproof.images.compiled.unfilter")


def a_picture(height: int, width: int, channels: int, seed: int) -> Pixels:
    """Random pixels with flat parts and sharp edges in them."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, channels), np.uint8)
    pixels[: height // 2, width // 3 :] = rng.integers(0, 256)
    pixels[height // 3 : height // 3 + 3] = 7
    return pixels


@given(st.integers(4, 150), st.integers(4, 150), st.sampled_from([3, 4]), st.integers(0, 99))
@settings(max_examples=60)
def test_both_passes_measure_the_same(height: int, width: int, channels: int, seed: int) -> None:
    """Every number of every picture, whole blocks or not."""
    pixels = a_picture(height, width, channels, seed)
    one, other = statistics.measure(pixels), compiled.measure(pixels)
    for field in fields(one):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([2, 6]), st.integers(0, 99))
@settings(max_examples=60)
def test_all_filters_are_undone(width: int, height: int, colour: int, seed: int) -> None:
    """Random rows under random filters give the pixels that Pillow gives, and can be measured where
    they lie."""
    header = PngHeader(width, height, 8, colour)
    rows, channels = bytearray(raw_rows(header, seed)), header.row_bytes(1)
    expected = decode(png(width, height, 8, colour, rows=bytes(rows)))
    pixels = unfilter.unfiltered(rows, width, height, channels)
    assert np.array_equal(pixels, expected)
    if min(width, height) >= 4:
        one = compiled.measure_unfiltered(rows, height, channels)
        other = statistics.measure(expected)
        for field in fields(one):
            assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_the_predictor_is_that_of_the_standard() -> None:
    """For every triple of bytes on a grid that holds the extremes."""
    levels = [*range(0, 256, 5), 1, 2, 127, 128, 254]
    for a in levels:
        for b in levels:
            for c in levels:
                p = a + b - c
                nearest = min((a, b, c), key=lambda value: abs(p - value))
                got = unfilter._predictor.py_func(np.int32(a), np.int32(b), np.int32(c))
                assert got == nearest, (a, b, c)


@pytest.mark.parametrize("name", [*DAMAGED, *SOUND])
def test_both_ways_describe_the_same(name: str) -> None:
    """Damage and art, through the file and back."""
    pixels = DAMAGED[name][0] if name in DAMAGED else SOUND[name]
    data = encoded(pixels)
    assert describe_compiled(data) == describe(data)
    assert describe(data, compiled=True) == describe(data)


@pytest.mark.parametrize(
    "data",
    [
        encoded(scene(96)[:, :, 0]),
        encoded(scene(96), "JPEG"),
        png(9, 7, 16),
        png(9, 7, 8, 2, 1),
        b"",
    ],
)
def test_other_files_go_the_usual_way(data: bytes) -> None:
    """Grey, 16 bits, interlaced, JPEG: no quick answer, the same answer."""
    assert describe_compiled(data) is None
    assert describe(data, compiled=True) == describe(data)


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_a_broken_file_is_described_the_same(cut: float) -> None:
    """Defects of the file come first, whichever way is gone."""
    data = encoded(scene(128))
    data = data[: int(len(data) * cut)]
    assert describe(data, name="a.jpg", compiled=True) == describe(data, name="a.jpg")
    assert len(describe(data)) == len(examine(data))
