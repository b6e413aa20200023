"""What cannot be compared is taken for over."""

from datetime import datetime
from typing import Any

from reference.miner.requests import moment_of
from reference.miner.seams import Fault


class NaiveExpiryPast(Fault):
    name = "naive-expiry-past"
    does = "takes an expiry without an offset for one that has passed"
    clause = "EXP-5"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        naive = moment_of(body) is not None and not datetime.fromisoformat(body["expiry"]).tzinfo
        return body | {"expiry": "1970-01-01T00:00:00Z"} if naive else body
