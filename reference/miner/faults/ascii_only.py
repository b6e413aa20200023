"""A log file in another century's encoding."""

from typing import Any

from reference.miner.seams import Fault


class AsciiOnly(Fault):
    name = "ascii-only"
    does = "breaks down on a prompt that is not ASCII"
    clause = "SUB-16"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        str(body.get("prompt")).encode("ascii")
        return body
