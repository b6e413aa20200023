"""No body is read as a body full of defaults."""

from reference.miner.seams import Fault


class EmptyBodyTaken(Fault):
    name = "empty-body-taken"
    does = "takes an empty body for a job"
    clause = "SUB-8"

    def raw(self, raw: bytes) -> bytes:
        return raw or b'{"prompt": "a picture"}'
