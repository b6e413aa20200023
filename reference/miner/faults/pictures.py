"""Faults of pictures: their pixels, and the PNG files they are in."""

import zlib
from typing import TYPE_CHECKING

from reference.miner.messages import Task
from reference.miner.seams import Fault
from reference.miner.spoiling import as_jpeg, noise

if TYPE_CHECKING:
    from reference.miner.pictures.kinds import Pixels


# Areas without a picture


class AllBlack(Fault):
    """The decoder ran out of memory and nobody noticed."""

    name = "all-black"
    does = "delivers a completely black picture"
    clause = "IMG-2"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        pixels[:] = 0
        return pixels


class BottomBlack(Fault):
    """The picture was saved before its lower part was there."""

    name = "bottom-black"
    does = "leaves the bottom of each picture black (parameter: percent of the rows)"
    clause = "IMG-2"
    parameter = 35.0

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        pixels[round(len(pixels) * (1 - (self.value or 0) / 100)) :] = 0
        return pixels


class BottomGrey(Fault):
    """The picture was saved before its lower part was there, by a program that starts from grey."""

    name = "bottom-grey"
    does = "leaves the bottom of each picture grey (parameter: percent of the rows)"
    clause = "IMG-2"
    parameter = 35.0

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        pixels[round(len(pixels) * (1 - (self.value or 0) / 100)) :] = 128
        return pixels


class MissingTile(Fault):
    """One tile of a picture that is decoded in tiles is never written."""

    name = "missing-tile"
    does = "leaves one tile of 64 x 64 pixels in the middle black"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        top, left = (side // 128 * 64 for side in pixels.shape[:2])
        pixels[top : top + 64, left : left + 64] = 0
        return pixels


class NoiseBottom(Fault):
    """The lower part is memory that was never written."""

    name = "noise-bottom"
    does = "leaves noise in the bottom third of the picture"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        part = pixels[len(pixels) * 2 // 3 :]
        part[:] = noise(part)
        return pixels


class HalfDenoised(Fault):
    """An interrupted loop returns what it has."""

    name = "half-denoised"
    does = "stops denoising halfway: noise covers the whole picture"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        return pixels // 2 + noise(pixels) // 2


class LostChannel(Fault):
    """Two of three planes arrive."""

    name = "lost-channel"
    does = "leaves the blue channel out of the picture"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        pixels[..., 2] = 0
        return pixels


# Parts in the wrong place, or from elsewhere


class RepeatedBottom(Fault):
    """A pointer into the buffer is not advanced."""

    name = "repeated-bottom"
    does = "fills the bottom third with a copy of the third above it"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        third = len(pixels) // 3
        pixels[-third:] = pixels[-2 * third : -third].copy()
        return pixels


class RowsOfAnother(Fault):
    """A buffer is handed to the next job before it was saved."""

    name = "rows-of-another"
    does = "takes the bottom third from the previous picture of the same process"
    clause = "IMG-3"
    before: "Pixels | None" = None

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        other, self.before = self.before, pixels.copy()
        if other is not None and other.shape == pixels.shape:
            third = len(pixels) // 3
            pixels[-third:] = other[-third:]
        return pixels


class TornRows(Fault):
    """Some bytes of a row are lost, and every row after it slips."""

    name = "torn-rows"
    does = "shifts the lower half sideways by an eighth of the width"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        half, width = len(pixels) // 2, pixels.shape[1]
        shifted = range(-(width // 8), width - width // 8)
        pixels[half:] = pixels[half:].take(shifted, axis=1, mode="wrap")
        return pixels


class BrighterTile(Fault):
    """Two devices draw one half each, with different constants."""

    name = "brighter-tile"
    does = "makes the left half of each picture 12 levels brighter than the right"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        left = pixels[:, : pixels.shape[1] // 2]
        left[:] = left.clip(max=243) + 12
        return pixels


class WrongSize(Fault):
    """The picture does not have the size that was asked for."""

    name = "wrong-size"
    does = "delivers pictures that are 8 pixels narrower than asked for"
    clause = "IMG-1"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        return pixels[:, :-8]


# The file


class TruncatedFile(Fault):
    """The file was read while it was still being written."""

    name = "truncated-file"
    does = "delivers only the first part of each PNG file (parameter: percent of the bytes)"
    clause = "IMG-1"
    parameter = 60.0

    def file(self, task: Task, data: bytes) -> bytes:
        return data[: round(len(data) * (self.value or 0) / 100)]


class BadChecksum(Fault):
    """One bit tips over on the way to the disk."""

    name = "bad-checksum"
    does = "changes one bit in the middle of each PNG"
    clause = "IMG-1"

    def file(self, task: Task, data: bytes) -> bytes:
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


class BytesAfterEnd(Fault):
    """A shorter file is written over a longer one."""

    name = "bytes-after-end"
    does = "leaves bytes of an older file after the end of each PNG"
    clause = "IMG-1"

    def file(self, task: Task, data: bytes) -> bytes:
        return data + data[-500:]


class Systematic(Fault):
    """Something on the way from latents to file is wrong for every picture."""

    name = "systematic"
    does = "spoils all pictures alike (parameter: number of the kind in pictures/systematic.py)"
    clause = "IMG-5"
    parameter = 1.0

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        from reference.miner.pictures.systematic import SYSTEMATIC  # noqa: PLC0415 - loads numpy

        return SYSTEMATIC[int(self.value or 1) - 1].spoil(pixels)


class HalfTheRows(Fault):
    """The encoder is closed early, and finishes its file properly."""

    name = "half-the-rows"
    does = "delivers PNGs with half of their rows and correct checksums"
    clause = "IMG-1"

    def file(self, task: Task, data: bytes) -> bytes:
        from reference.miner.pictures.png import chunk, chunks  # noqa: PLC0415 - loads numpy

        parts = [(kind, _half(body) if kind == b"IDAT" else body) for kind, body in chunks(data)]
        return data[:8] + b"".join(chunk(kind, body) for kind, body in parts)


def _half(packed: bytes) -> bytes:
    rows = zlib.decompress(packed)
    return zlib.compress(rows[: len(rows) // 2], 1)


class JpegInside(Fault):
    """Somebody saves bandwidth and tells nobody."""

    name = "jpeg-inside"
    does = "delivers JPEG files with the name and type of PNG files"
    clause = "IMG-1"

    def file(self, task: Task, data: bytes) -> bytes:
        return as_jpeg(data)


class Turned(Fault):
    """Rows and columns are swapped where a size is handed on."""

    name = "turned"
    does = "draws pictures with width and height swapped"
    clause = "IMG-1"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        return pixels.swapaxes(0, 1)
