"""The defaults of another model."""

from typing import Any

from reference.miner.seams import Fault


class OtherDefaults(Fault):
    name = "other-defaults"
    does = "draws 512 x 512 where no size was asked for"
    clause = "SUB-17"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"width": 512, "height": 512} | body
