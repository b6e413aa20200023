"""Limits stand in the model and not at the door."""

from typing import Any

from reference.miner.seams import Fault


class StepsNotChecked(Fault):
    name = "steps-not-checked"
    does = "takes any number of steps and any guidance"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        limits = {"num_inference_steps": (1, 100), "guidance_scale": (1, 20)}
        given = {n: body[n] for n in limits if isinstance(body.get(n), int | float)}
        return body | {n: min(max(value, limits[n][0]), limits[n][1]) for n, value in given.items()}
