"""The field is read and never used."""

from typing import Any

from reference.miner.requests import moment_of
from reference.miner.seams import Fault


class ExpiryIgnored(Fault):
    name = "expiry-ignored"
    does = "sends callbacks whatever their expiry"
    clause = "EXP-2"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        moment = moment_of(body)
        return body if moment is None else body | {"expiry": None}
