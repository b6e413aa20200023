"""The field was forgotten when the body was read."""

from typing import Any

from reference.miner.seams import Fault


class ChosenIdIgnored(Fault):
    name = "chosen-id-ignored"
    does = "gives each job an id of its own where the client chose one"
    clause = "SUB-4"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in body.items() if name != "job_id"}
