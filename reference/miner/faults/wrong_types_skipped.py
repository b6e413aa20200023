"""What cannot be converted is dropped."""

from typing import Any

from reference.miner.seams import Fault


class WrongTypesSkipped(Fault):
    name = "wrong-types-skipped"
    does = "takes a submission whose numbers are words, and ignores them"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        numbers = ("width", "height", "num_inference_steps", "guidance_scale", "seed")
        return {n: v for n, v in body.items() if n not in numbers or not isinstance(v, str)}
