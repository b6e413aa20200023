"""The six rules for a delivered picture, and the look at its bottom; needs numpy and Pillow only.

These rules judge one PNG by its size in bytes, its dimensions, its blackness and its variance. They
are easy to explain and they err: a night sky is nearly black, line art is small. The ``pictures``
package next to this module holds the stronger evidence.

Nothing here raises for a bad file: whatever cannot be judged is invalid, with the reason.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

STANDARD_SIZE = (1024, 1024)
MIN_BYTES = 100_000  # of a picture of the standard size
MAX_BYTES = 10_000_000  # of a picture of the standard size
METADATA_BYTES = 65_536  # what the upper bound always leaves: prompts in the file do not shrink
MAX_BLANK_RATIO = 0.5
MIN_VARIANCE = 100.0
BLACK_BELOW = 10  # a pixel is black when each of its channels (0 to 255) is below this
BLANK_ROWS_RATIO = 0.5  # of the bottom rows; more of them black make a partial render

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """Whether a picture kept all rules, and the first broken one in words ("" if none is)."""

    is_valid: bool
    reason: str = ""


class _BrokenRuleError(Exception):
    """Carries the reason out of the rules; never leaves this module."""


@dataclass(frozen=True, slots=True)
class ImageValidator:
    """Judges pictures of ``expected_size`` (width, height), in the order of the six rules.

    The bounds in bytes hold for 1024×1024 and grow and shrink with the number of pixels; the upper
    one never falls below 64 KiB. ``min_bytes`` and ``max_bytes``, where given, are taken as they
    are. Both bounds are exclusive.
    """

    expected_size: tuple[int, int] = STANDARD_SIZE
    min_bytes: int | None = None
    max_bytes: int | None = None
    max_blank_ratio: float = MAX_BLANK_RATIO
    min_variance: float = MIN_VARIANCE

    def validate(self, path: Path | str) -> ValidationResult:
        """Judge the file at ``path``. It is read only if its size is within the bounds."""
        try:
            file = _existing_file(path)
            self._check_size(file.stat().st_size)
            return self.validate_bytes(file.read_bytes())
        except _BrokenRuleError as broken:
            return ValidationResult(False, str(broken))
        except (OSError, ValueError) as error:
            return ValidationResult(False, f"File cannot be read: {_in_words(error)}")

    def validate_bytes(self, data: bytes) -> ValidationResult:
        """Judge the content of a file."""
        try:
            self._check_size(len(data))
            _verify_png(data)
            self._check_pixels(_open_png(data))
        except _BrokenRuleError as broken:
            return ValidationResult(False, str(broken))
        return ValidationResult(True)

    def size_bounds(self) -> tuple[int, int]:
        """The sizes in bytes that a file has to lie between."""
        share = (
            self.expected_size[0] * self.expected_size[1] / (STANDARD_SIZE[0] * STANDARD_SIZE[1])
        )
        low = int(MIN_BYTES * share) if self.min_bytes is None else self.min_bytes
        high = max(int(MAX_BYTES * share), METADATA_BYTES)
        return low, high if self.max_bytes is None else self.max_bytes

    def _check_size(self, size: int) -> None:
        low, high = self.size_bounds()
        if size <= low:
            raise _BrokenRuleError(f"File too small ({size} bytes, expected >{low})")
        if size >= high:
            raise _BrokenRuleError(f"File too large ({size} bytes, expected <{high})")

    def _check_pixels(self, image: Image.Image) -> None:
        if image.size != self.expected_size:
            actual, expected = _size_in_words(image.size), _size_in_words(self.expected_size)
            raise _BrokenRuleError(f"Wrong dimensions ({actual}, expected {expected})")
        rgb = _decode_rgb(image)
        blank = _blank_ratio(rgb)
        if blank >= self.max_blank_ratio:
            raise _BrokenRuleError(
                f"Image has {blank:.1%} blank/black pixels (threshold: {self.max_blank_ratio:.1%})"
            )
        variance = _variance(rgb)
        if variance <= self.min_variance:
            raise _BrokenRuleError(
                f"Pixel variance too low ({variance:.1f}, expected >{self.min_variance:g})"
            )


def detect_partial_render(path: Path | str, threshold: float = 0.3) -> tuple[bool, str]:
    """Whether the bottom ``threshold`` (a share of the height) of a picture was left black.

    A row is blank when each of its pixels is black; more than half of the bottom rows blank make a
    partial render. A file that cannot be read is not known to be whole: True, with the reason.
    """
    try:
        return detect_partial_render_bytes(_existing_file(path).read_bytes(), threshold)
    except _BrokenRuleError as broken:
        return True, str(broken)
    except (OSError, ValueError) as error:
        return True, f"File cannot be read: {_in_words(error)}"


def detect_partial_render_bytes(data: bytes, threshold: float = 0.3) -> tuple[bool, str]:
    """The same for the content of a file; any format that Pillow reads."""
    try:
        rows = _brightest_channel(_decode_rgb(_open(data))).max(axis=1)
    except _BrokenRuleError as broken:
        return True, str(broken)
    bottom = rows[len(rows) - max(1, round(len(rows) * threshold)) :]
    blank = float(np.mean(bottom < BLACK_BELOW))
    if blank > BLANK_ROWS_RATIO:
        return True, f"Partial render detected: {blank:.1%} of bottom rows are blank"
    return False, ""


def _existing_file(path: Path | str) -> Path:
    file = Path(path)
    if not file.exists():
        raise _BrokenRuleError(f"File does not exist: {file}")
    if not file.is_file():
        raise _BrokenRuleError(f"Not a file: {file}")
    return file


def _verify_png(data: bytes) -> None:
    image = _open_png(data)
    try:
        image.verify()
    except Exception as error:  # Pillow's readers raise whatever their format makes them stumble on
        raise _BrokenRuleError(f"PIL verification failed: {_in_words(error)}") from error


def _open_png(data: bytes) -> Image.Image:
    return _open(data, formats=("PNG",))


def _open(data: bytes, formats: tuple[str, ...] | None = None) -> Image.Image:
    try:
        return Image.open(BytesIO(data), formats=formats)
    except Exception as error:
        wanted = "PNG" if formats else "picture"
        raise _BrokenRuleError(f"Not a valid {wanted}: {_in_words(error)}") from error


def _decode_rgb(image: Image.Image) -> Image.Image:
    try:
        if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion clips them at 255
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        return image.convert("RGB")
    except Exception as error:
        raise _BrokenRuleError(f"Picture cannot be decoded: {_in_words(error)}") from error


def _brightest_channel(rgb: Image.Image) -> Levels:
    red, green, blue = rgb.split()
    return np.asarray(ImageChops.lighter(ImageChops.lighter(red, green), blue))


def _blank_ratio(rgb: Image.Image) -> float:
    return float(np.mean(_brightest_channel(rgb) < BLACK_BELOW))


def _variance(rgb: Image.Image) -> float:
    """Of all channel values together, exactly, from how often each of the 256 levels occurs."""
    counts = np.array(rgb.histogram(), dtype=np.float64).reshape(3, 256).sum(axis=0)
    levels = np.arange(256)
    mean = np.average(levels, weights=counts)
    return float(np.average((levels - mean) ** 2, weights=counts))


def _size_in_words(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _in_words(error: Exception) -> str:
    """The message of an error without the memory addresses that Pillow puts into it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).partition(" <_io.BytesIO")[0]
    return text or type(error).__name__
