"""The expiry is looked at too early."""

from datetime import UTC, datetime
from typing import Any

from reference.miner.requests import moment_of
from reference.miner.seams import Fault


class ExpiryAtSubmission(Fault):
    name = "expiry-at-submission"
    does = "looks at the expiry when a job is submitted, and not again"
    clause = "EXP-3"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        moment = moment_of(body)
        if moment is None or moment < datetime.now(UTC):
            return body
        return body | {"expiry": None}
