"""The error says what was wrong with what."""

from typing import Any

from reference.miner.answers import saying
from reference.miner.seams import Answer, Fault


class SecretInRefusal(Fault):
    name = "secret-in-refusal"
    does = "shows the whole body, and so the secret, in a refusal"
    clause = "SEC-1"
    input: dict[str, Any] | None = None

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        self.input = body
        return body

    def refused(self, answer: Answer) -> Answer:
        return saying(answer, input=self.input)
