"""The generator is seeded once, at the start."""

from typing import Any

from reference.miner.seams import Fault


class SeedIgnored(Fault):
    name = "seed-ignored"
    does = "draws every request with the same seed"
    clause = "IDN-1"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body | {"seed": 1}
