"""A parser that calls itself has an end."""

from reference.miner.seams import Fault


class DeepJsonCrash(Fault):
    name = "deep-json-crash"
    does = "breaks down on JSON that is nested very deep"
    clause = "SUB-9"

    def raw(self, raw: bytes) -> bytes:
        if raw.count(b"[") > 1000:
            raise RecursionError("maximum recursion depth exceeded")
        return raw
