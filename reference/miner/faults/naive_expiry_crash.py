"""Two times that cannot be compared."""

from datetime import UTC, datetime
from typing import Any

from reference.miner.requests import moment_of
from reference.miner.seams import Fault


class NaiveExpiryCrash(Fault):
    name = "naive-expiry-crash"
    does = "breaks down on an expiry without an offset"
    clause = "EXP-5"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if moment_of(body) is None:
            return body
        return body | {"expired": datetime.now(UTC) > datetime.fromisoformat(body["expiry"])}
