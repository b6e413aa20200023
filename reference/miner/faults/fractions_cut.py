"""A conversion throws away what it cannot use."""

from typing import Any

from reference.miner.seams import Fault


class FractionsCut(Fault):
    name = "fractions-cut"
    does = "takes sizes and steps that are no whole numbers"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        names = ("width", "height", "num_inference_steps")
        return body | {n: int(body[n]) for n in names if isinstance(body.get(n), float)}
