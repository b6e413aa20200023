"""Inflating a zlib stream in bounded pieces.

ISA-L has the interface of ``zlib``, gives its processor time back several times over and lets other
threads run meanwhile.
"""

from collections.abc import Iterator

from isal import isal_zlib
from isal.isal_zlib import crc32, decompressobj

from asyncproof.images.file.push import Bytes

__all__ = ["InflateError", "Inflater", "crc32"]

InflateError: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # stubs name an instance
BLOCK = 1 << 18  # bytes inflated at a time; bounds the memory that a bomb can claim


class Inflater:
    """Inflates one zlib stream and checks its Adler sum."""

    def __init__(self) -> None:
        self._stream = decompressobj()

    @property
    def ended(self) -> bool:
        """Whether the end of the stream, with its sum, was seen."""
        return self._stream.eof

    @property
    def left_over(self) -> int:
        """How many of the bytes taken lie after the end of the stream."""
        return len(self._stream.unused_data)

    def take(self, data: Bytes) -> Iterator[bytes]:
        """What the next ``data`` inflates to, in blocks of at most ``BLOCK``.

        The consumer may stop at any block: nothing is inflated ahead.

        Raises:
            InflateError: the stream is corrupt.
        """
        while True:
            out = self._stream.decompress(data, BLOCK)
            if out:
                yield out
            data = self._stream.unconsumed_tail
            if self.ended or (not data and len(out) < BLOCK):
                return
