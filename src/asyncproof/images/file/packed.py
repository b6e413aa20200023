"""How much the packed text of a PNG chunk (sections 11.3.2 and 11.3.3) unpacks to; none is kept."""

from asyncproof.images.file.inflate import InflateError, Inflater
from asyncproof.images.file.push import Bytes

# What goes before the packed bytes: so many texts that end with a zero byte, bytes, and texts.
_BEFORE = {b"zTXt": (1, 1, 0), b"iCCP": (1, 1, 0), b"iTXt": (1, 2, 2)}
LONGEST_HEAD = 1 << 12  # bytes; names and languages that are longer are not looked behind


class Packed:
    """Takes the body of one chunk as it comes; ``length`` is what it has unpacked to so far.

    A text that does not unpack is not held against a picture: no decoder needs it.
    """

    def __init__(self, kind: bytes) -> None:
        self.length = 0
        self._kind = kind
        self._head = b""
        self._inflater: Inflater | None = None
        self._over = kind not in _BEFORE

    def feed(self, piece: Bytes, most: int) -> None:
        """Unpack the next bytes, and no further than ``most`` in all."""
        if self._over:
            return
        if self._inflater is None:
            self._head += bytes(piece)
            start = _start(self._kind, self._head)
            self._over = start < 0 if start is not None else len(self._head) > LONGEST_HEAD
            if start is None or self._over:
                return
            self._inflater, piece, self._head = Inflater(), self._head[start:], b""
        try:
            for block in self._inflater.take(piece):
                self.length += len(block)
                if self.length > most:
                    break
        except InflateError:
            self._over = True
        self._over |= self._inflater.ended or self.length > most


def _start(kind: bytes, head: bytes) -> int | None:
    """Where the packed bytes begin; None where that is not known yet, -1 where none are packed."""
    texts, flags, more_texts = _BEFORE[kind]
    at = _after_zeros(head, 0, texts)
    if at is None or len(head) < at + flags:
        return None
    if kind == b"iTXt" and not head[at]:
        return -1
    return _after_zeros(head, at + flags, more_texts)


def _after_zeros(head: bytes, at: int, count: int) -> int | None:
    for _ in range(count):
        at = head.find(b"\0", at) + 1
        if not at:
            return None
    return at
