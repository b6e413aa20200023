"""From the bytes of a file to its pixels, and between kinds of pixels."""

from io import BytesIO
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, PngImagePlugin

Pixels: TypeAlias = npt.NDArray[np.uint8]  # (rows, columns, 3) is RGB, (rows, columns, 4) RGBA
FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 1 << 26  # of which nothing larger is decoded
# Pillow refuses a picture whose packed text is longer than one mebibyte; the look at the file has
# its own limit, which is this.
PngImagePlugin.MAX_TEXT_CHUNK = 1 << 24


class UndecodableError(ValueError):
    """The bytes give no pixels; the message says why."""


def decode(data: bytes | BinaryIO) -> Pixels:
    """The pixels of a PNG, JPEG or WebP, open or its content: RGB, or RGBA where it has
    transparency.

    Raises:
        UndecodableError: no such picture, broken, or larger than ``MAX_PIXELS``.
    """
    try:
        file = BytesIO(data) if isinstance(data, bytes) else data
        with Image.open(file, formats=FORMATS) as image:
            return _levels(image)
    except UndecodableError:
        raise
    except Exception as error:  # Pillow raises whatever a format makes it stumble on
        words = str(error).partition(" <_io")[0]
        raise UndecodableError(words or type(error).__name__) from error


def decode_in_part(data: bytes | BinaryIO) -> Pixels:
    """As much as a broken file shows, to be looked at: what is missing is black, or transparent.

    Changes a setting of Pillow meanwhile, so that no other thread should decode.

    Raises:
        UndecodableError: not even its beginning can be decoded.
    """
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return decode(data)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _levels(image: Image.Image) -> Pixels:
    if image.width * image.height > MAX_PIXELS:
        raise UndecodableError(f"{image.width}x{image.height} pixels are too many")
    if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion clips them at 255
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    see_through = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    return np.asarray(image.convert("RGBA" if see_through else "RGB"))


def with_alpha(pixels: Pixels) -> Pixels:
    """The same picture as RGBA."""
    if pixels.shape[2] == 4:
        return pixels
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def drift_map(picture: Pixels, other: Pixels, cell: int) -> npt.NDArray[np.float64]:
    """How far the means of whole cells of ``cell`` pixels differ, in levels of the worst channel.

    Differences that only shake cancel out in a mean, so that a faint change of content shows.
    """
    rows, columns = picture.shape[0] // cell, picture.shape[1] // cell
    channels = min(picture.shape[2], other.shape[2])
    apart = picture[: rows * cell, : columns * cell, :channels].astype(np.int16)
    apart -= other[: rows * cell, : columns * cell, :channels]
    sums = apart.reshape(rows, cell, columns, cell, channels).sum(axis=(1, 3), dtype=np.int32)
    drift: npt.NDArray[np.float64] = np.abs(sums).max(axis=2) / cell**2
    return drift


def distance_map(picture: Pixels, other: Pixels) -> Pixels:
    """How far each pixel differs, in levels of its most different channel; sizes have to agree."""
    if picture.shape != other.shape:
        picture, other = with_alpha(picture), with_alpha(other)
    return np.asarray((np.maximum(picture, other) - np.minimum(picture, other)).max(axis=2))
