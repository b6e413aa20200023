"""What cannot be read is treated as not there."""

from typing import Any

from reference.miner.requests import moment_of
from reference.miner.seams import Fault


class MalformedExpiryIgnored(Fault):
    name = "malformed-expiry-ignored"
    does = "takes a job whose expiry is no time"
    clause = "EXP-6"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        moment = moment_of(body)
        return body if moment is not None else body | {"expiry": None}
