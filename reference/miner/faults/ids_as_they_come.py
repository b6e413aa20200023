"""An id is a text like any other."""

from typing import Any

from reference.miner.requests import SAFE_NAME
from reference.miner.seams import Fault


class IdsAsTheyCome(Fault):
    name = "ids-as-they-come"
    does = "takes ids that are paths"
    clause = "SEC-3"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.hostile: dict[str, str] = {}

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        asked = body.get("job_id")
        if not isinstance(asked, str) or SAFE_NAME.match(asked):
            return body
        harmless = f"stands-for-{len(self.hostile)}"
        self.hostile[harmless] = asked
        return body | {"job_id": harmless}

    def named(self, job_id: str) -> str:
        return self.hostile.pop(job_id, job_id)
