"""Whatever can be parsed is taken for a prompt."""

import json

from reference.miner.seams import Fault


class AnyJsonTaken(Fault):
    name = "any-json-taken"
    does = "takes JSON that is no object for a job"
    clause = "SUB-8"

    def raw(self, raw: bytes) -> bytes:
        is_object = raw.lstrip()[:1] == b"{"
        return raw if is_object or not _is_json(raw) else b'{"prompt": "a picture"}'


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True
