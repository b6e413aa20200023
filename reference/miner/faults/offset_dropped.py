"""The first nineteen characters are enough."""

from typing import Any

from reference.miner.requests import moment_of
from reference.miner.seams import Fault


class OffsetDropped(Fault):
    name = "offset-dropped"
    does = "reads an expiry without its offset"
    clause = "EXP-4"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if moment_of(body) is None:
            return body
        return body | {"expiry": body["expiry"][:19] + "Z"}
