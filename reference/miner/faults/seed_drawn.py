"""The generator is never seeded."""

from typing import Any

from reference.miner.seams import Fault


class SeedDrawn(Fault):
    name = "seed-drawn"
    does = "draws each picture at random, whatever its seed"
    clause = "IDN-2"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in body.items() if name != "seed"}
