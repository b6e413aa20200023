"""The file system is the first to check an id."""

from typing import Any

from reference.miner.seams import Fault


class HostileIdCrash(Fault):
    name = "hostile-id-crash"
    does = "breaks down on an id that no file can have"
    clause = "SEC-3"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        name = str(body.get("job_id") or "none")
        if "\0" in name or len(name) > 255:
            raise OSError(name[:20])
        return body
