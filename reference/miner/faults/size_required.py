"""What has a default is asked for all the same."""

from typing import Any

from reference.miner.requests import Refused
from reference.miner.seams import Fault


class SizeRequired(Fault):
    name = "size-required"
    does = "refuses a submission without width and height"
    clause = "SUB-17"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if missing := [name for name in ("width", "height") if name not in body]:
            raise Refused(422, [{"loc": ["body", *missing], "msg": "field required"}])
        return body
