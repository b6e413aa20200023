"""The six rules: their order, their bounds, their words, and that nothing makes them raise."""

import os
import struct
import subprocess
import sys
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from asyncproof.images.six_rules import (
    ImageValidator,
    ValidationResult,
    detect_partial_render,
    detect_partial_render_bytes,
)
from tests import ROOT

Pixels = npt.NDArray[np.uint8]
SIDE = 256
SMALL = ImageValidator(expected_size=(SIDE, SIDE))


def encoded(pixels: Pixels, image_format: str = "PNG") -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, image_format)
    return out.getvalue()


def a_picture(side: int = SIDE, seed: int = 1) -> Pixels:
    """A smooth gradient with grain, bright enough everywhere."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(40, 200, side)[:, None, None] + np.zeros((1, side, 3))
    return (slope + rng.normal(0, 8, (side, side, 3))).clip(11, 255).astype(np.uint8)


def with_black_bottom(share: float, side: int = SIDE) -> Pixels:
    pixels = a_picture(side)
    pixels[side - round(side * share) :] = 0
    return pixels


def reason(data: bytes, validator: ImageValidator = SMALL) -> str:
    return validator.validate_bytes(data).reason


def test_defaults_are_those_of_a_1024_picture() -> None:
    """Without arguments the rules are for 1024x1024, 100 KB to 10 MB, 50 % black, variance 100."""
    validator = ImageValidator()
    assert validator.expected_size == (1024, 1024)
    assert validator.size_bounds() == (100_000, 10_000_000)
    assert (validator.max_blank_ratio, validator.min_variance) == (0.5, 100.0)


def test_a_sound_picture_is_valid_by_path_and_by_bytes(tmp_path: Path) -> None:
    """A file and its content get the same result, and it has no reason."""
    data = encoded(a_picture(1024))
    file = tmp_path / "job.png"
    file.write_bytes(data)
    assert ImageValidator().validate(file) == ValidationResult(True, "")
    assert ImageValidator().validate(str(file)) == ImageValidator().validate_bytes(data)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (89_432, "File too small (89432 bytes, expected >100000)"),
        (100_000, "File too small (100000 bytes, expected >100000)"),
        (10_000_000, "File too large (10000000 bytes, expected <10000000)"),
    ],
)
def test_the_size_in_bytes_is_judged_before_anything_else(
    size: int, expected: str, tmp_path: Path
) -> None:
    """Both bounds are exclusive, and a file outside them is not opened."""
    file = tmp_path / "job.png"
    file.touch()
    os.truncate(file, size)
    assert ImageValidator().validate(file).reason == expected


@pytest.mark.parametrize(
    ("side", "bounds"),
    [(2048, (400_000, 40_000_000)), (256, (6_250, 625_000)), (64, (390, 65_536))],
)
def test_bounds_follow_the_number_of_pixels(side: int, bounds: tuple[int, int]) -> None:
    """A correct small picture is not too small, and leaves room for metadata."""
    assert ImageValidator(expected_size=(side, side)).size_bounds() == bounds
    assert (
        ImageValidator(expected_size=(side, side)).validate_bytes(encoded(a_picture(side))).is_valid
    )


def test_given_bounds_are_taken_as_they_are() -> None:
    """An explicit bound does not scale."""
    assert reason(encoded(a_picture()), ImageValidator((SIDE, SIDE), max_bytes=20_000)).endswith(
        "expected <20000)"
    )


def test_only_png_passes() -> None:
    """A sound JPEG is not a valid PNG."""
    noisy = np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    assert reason(encoded(noisy, "JPEG")).startswith("Not a valid PNG: cannot identify image file")


def test_a_broken_checksum_is_found() -> None:
    """Pillow's own verification is one of the six rules."""
    data = bytearray(encoded(a_picture()))
    data[len(data) // 2] ^= 1
    assert reason(bytes(data)).startswith(
        ("PIL verification failed: ", "Picture cannot be decoded")
    )


def test_dimensions_are_exact() -> None:
    """One column less is another size."""
    data = encoded(a_picture()[:, :-1])
    assert reason(data) == "Wrong dimensions (255x256, expected 256x256)"


def test_half_of_the_pixels_black_is_too_much() -> None:
    """The share of black pixels has to stay below the threshold."""
    black = encoded(with_black_bottom(0.5))
    assert reason(black) == "Image has 50.0% blank/black pixels (threshold: 50.0%)"
    assert SMALL.validate_bytes(encoded(with_black_bottom(0.49))).is_valid


def test_a_pixel_is_black_only_if_every_channel_is() -> None:
    """Deep blue is a colour."""
    pixels = a_picture()
    pixels[:200, :, :2] = 0
    assert SMALL.validate_bytes(encoded(pixels)).is_valid


def test_a_flat_picture_has_too_little_variance() -> None:
    """Faint grain on one grey is not a picture."""
    rng = np.random.default_rng(1)
    grain = rng.integers(120, 136, (SIDE, SIDE, 3), np.uint8)
    assert reason(encoded(grain)) == f"Pixel variance too low ({grain.var():.1f}, expected >100)"


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
@settings(max_examples=30)
def test_the_variance_is_the_variance_of_all_values(seed: int, spread: int) -> None:
    """Counting levels gives what numpy gives for the pixels."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(128, spread, (64, 64, 3)).clip(10, 255).astype(np.uint8)
    ok = SMALL_64.validate_bytes(encoded(pixels)).is_valid
    assert ok == (np.var(pixels) > 100)


SMALL_64 = ImageValidator(expected_size=(64, 64))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "I;16", "LA", "1"])
def test_every_kind_of_pixel_is_judged_by_its_colours(mode: str) -> None:
    """Grey, palette, alpha and 16 bit pictures are read as what a person sees."""
    if mode == "I;16":
        image = Image.fromarray(a_picture()[:, :, 0].astype(np.uint16) << 8)
    else:
        image = Image.fromarray(a_picture()).convert(mode)
    out = BytesIO()
    image.save(out, "PNG")
    validator = ImageValidator((SIDE, SIDE), min_bytes=100, max_blank_ratio=0.7)
    assert validator.validate_bytes(out.getvalue()) == ValidationResult(True)


def huge_png(side: int) -> bytes:
    """A whole, well-formed file that announces side x side pixels and has none."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    padding = chunk(b"prVt", bytes(10_000))
    body = (
        chunk(b"IHDR", header) + padding + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("side", [0, 10_000, 30_000])
def test_a_header_that_promises_too_much_is_invalid(side: int) -> None:
    """A decompression bomb ends as a reason, whether Pillow warns of it or raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not SMALL.validate_bytes(huge_png(side)).is_valid
    assert not SMALL.validate_bytes(huge_png(side)).is_valid


def test_what_is_no_file_is_invalid(tmp_path: Path) -> None:
    """Missing, a folder, a path that cannot exist: invalid, and said so."""
    assert (
        SMALL.validate(tmp_path / "no.png").reason == f"File does not exist: {tmp_path / 'no.png'}"
    )
    assert SMALL.validate(tmp_path).reason == f"Not a file: {tmp_path}"
    assert not SMALL.validate("\0.png").is_valid
    assert detect_partial_render(tmp_path / "no.png")[0]
    assert detect_partial_render("\0.png")[0]


def test_a_file_that_may_not_be_read_is_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A permission that is missing is a reason, not a crash."""

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "job.png"
    file.write_bytes(encoded(a_picture()))
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert SMALL.validate(file).reason == "File cannot be read: Permission denied"
    assert detect_partial_render(file) == (True, "File cannot be read: Permission denied")


@given(st.data())
@settings(max_examples=60)
def test_no_damage_makes_the_rules_raise(data: st.DataObject) -> None:
    """Cut anywhere, or with any byte changed, a file gives a result; one that is cut is invalid."""
    whole = encoded(a_picture(64))
    cut = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[cut] ^= data.draw(st.integers(1, 255))
    SMALL_64.validate_bytes(bytes(broken))
    detect_partial_render_bytes(bytes(broken))
    if cut < len(whole) - 12:  # Pillow does not miss the IEND chunk
        assert not SMALL_64.validate_bytes(whole[:cut]).is_valid


@pytest.mark.parametrize(
    ("share", "threshold", "expected"),
    [
        (0.30, 0.3, (True, "Partial render detected: 100.0% of bottom rows are blank")),
        (0.256, 0.3, (True, "Partial render detected: 85.7% of bottom rows are blank")),
        (0.14, 0.3, (False, "")),
        (0.14, 0.15, (True, "Partial render detected: 94.7% of bottom rows are blank")),
        (1.0, 0.3, (True, "Partial render detected: 100.0% of bottom rows are blank")),
        (0.0, 0.3, (False, "")),
    ],
)
def test_a_black_bottom_is_a_partial_render(
    share: float, threshold: float, expected: tuple[bool, str], tmp_path: Path
) -> None:
    """More than half of the bottom rows black is a partial render, by path and by bytes."""
    data = encoded(with_black_bottom(share))
    file = tmp_path / "job.png"
    file.write_bytes(data)
    assert detect_partial_render(file, threshold=threshold) == expected
    assert detect_partial_render_bytes(data, threshold) == expected


def test_one_lit_pixel_makes_a_row_not_blank() -> None:
    """A starry sky at the bottom is not a blank one."""
    pixels = with_black_bottom(0.4)
    pixels[:, 17] = 200
    assert detect_partial_render_bytes(encoded(pixels)) == (False, "")


@pytest.mark.parametrize("data", [b"", b"<html>not found</html>", encoded(a_picture())[:4000]])
def test_what_cannot_be_decoded_is_not_called_whole(data: bytes) -> None:
    """No picture, or half a file: partial, with the reason."""
    partial, why = detect_partial_render_bytes(data)
    assert partial
    assert "BytesIO" not in why
    assert why


def test_numpy_and_pillow_are_all_it_needs() -> None:
    """The module can be carried off and used alone beside numpy and Pillow."""
    code = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in {"tests", "asyncproof", "numpy", "PIL", *sys.stdlib_module_names}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
from tests.e2e.async_inference.image_validator import ImageValidator
outside = {m.partition(".")[0] for m in sys.modules} - set(sys.stdlib_module_names)
known = {"asyncproof", "tests", "numpy", "PIL", "click", "rich", "pytest"}
print(sorted(outside & known))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['PIL', 'asyncproof', 'numpy', 'tests']"
