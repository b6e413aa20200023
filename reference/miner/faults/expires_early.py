"""Summer time was thought of twice."""

from datetime import timedelta
from typing import Any

from reference.miner.requests import moment_of
from reference.miner.seams import Fault


class ExpiresEarly(Fault):
    name = "expires-early"
    does = "takes each expiry for one hour earlier"
    clause = "EXP-1"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        moment = moment_of(body)
        if moment is None:
            return body
        return body | {"expiry": (moment - timedelta(hours=1)).isoformat()}
