"""A limit that nobody checks before it is hit."""

from typing import Any

from reference.miner.seams import Fault


class LongPromptCrash(Fault):
    name = "long-prompt-crash"
    does = "breaks down on a prompt of more than 10 000 characters"
    clause = "SUB-16"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if len(str(body.get("prompt"))) > 10_000:
            raise MemoryError
        return body
