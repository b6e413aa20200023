"""`if seed:` where `if seed is not None:` was meant."""

from typing import Any

from reference.miner.seams import Fault


class SeedZeroIgnored(Fault):
    name = "seed-zero-ignored"
    does = "takes seed 0 for no seed, and draws at random"
    clause = "IDN-3"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in body.items() if k != "seed" or v != 0}
