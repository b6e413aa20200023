"""Bytes are taken for text."""

from reference.miner.seams import Fault


class EncodingCrash(Fault):
    name = "encoding-crash"
    does = "breaks down on a body that is not UTF-8"
    clause = "SUB-9"

    def raw(self, raw: bytes) -> bytes:
        return raw.decode().encode()
