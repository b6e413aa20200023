"""A default hides that something is missing."""

from typing import Any

from reference.miner.seams import Fault


class PromptNotChecked(Fault):
    name = "prompt-not-checked"
    does = "takes a submission without a prompt"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body | {"prompt": str(body.get("prompt") or "a picture")}
