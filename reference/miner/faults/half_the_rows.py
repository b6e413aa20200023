"""The encoder is closed early, and closes its file in good order."""

import zlib

from reference.miner.messages import Task
from reference.miner.pictures.png import chunk, chunks
from reference.miner.seams import Fault


class HalfTheRows(Fault):
    name = "half-the-rows"
    does = "delivers PNGs with half of their rows, every checksum right"
    clause = "IMG-1"

    def file(self, task: Task, data: bytes) -> bytes:
        parts = [(kind, _half(body) if kind == b"IDAT" else body) for kind, body in chunks(data)]
        return data[:8] + b"".join(chunk(kind, body) for kind, body in parts)


def _half(packed: bytes) -> bytes:
    rows = zlib.decompress(packed)
    return zlib.compress(rows[: len(rows) // 2], 1)
