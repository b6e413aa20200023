"""A conversion without a plan for nonsense."""

from datetime import datetime
from typing import Any

from reference.miner.seams import Fault


class MalformedExpiryCrash(Fault):
    name = "malformed-expiry-crash"
    does = "breaks down on an expiry that is no time"
    clause = "EXP-6"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("expiry"):
            datetime.fromisoformat(body["expiry"])
        return body
