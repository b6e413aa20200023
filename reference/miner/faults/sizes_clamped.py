"""Wrong sizes are corrected in silence."""

from typing import Any

from reference.miner.seams import Fault


class SizesClamped(Fault):
    name = "sizes-clamped"
    does = "takes any number as a size and makes a possible one of it"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        sizes = {n: body[n] for n in ("width", "height") if isinstance(body.get(n), int | float)}
        return body | {name: min(max(int(size), 64), 2048) for name, size in sizes.items()}
