"""The schema is stricter than the protocol."""

from typing import Any

from reference.miner.requests import Refused
from reference.miner.seams import Fault


class UnknownFieldsRefused(Fault):
    name = "unknown-fields-refused"
    does = "refuses a submission with a field that it does not know"
    clause = "SUB-15"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(name for name in body if name.startswith("x_")):
            raise Refused(422, [{"loc": ["body", *unknown], "msg": "extra fields not permitted"}])
        return body
