"""Faults of whose picture it is: seeds, LoRAs, the job before."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference.miner.jobs import Job
from reference.miner.loras import LORAS
from reference.miner.messages import Task
from reference.miner.seams import Fault
from reference.miner.spoiling import noise

if TYPE_CHECKING:
    from reference.miner.pictures.kinds import Pixels


class SeedIgnored(Fault):
    """The generator is seeded once, at the start."""

    name = "seed-ignored"
    does = "draws every request with the same seed"
    clause = "IDN-1"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body | {"seed": 1}


class SeedDrawn(Fault):
    """The generator is never seeded."""

    name = "seed-drawn"
    does = "draws each picture at random and ignores its seed"
    clause = "IDN-2"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in body.items() if name != "seed"}


class SeedZeroIgnored(Fault):
    """`if seed:` where `if seed is not None:` was meant."""

    name = "seed-zero-ignored"
    does = "treats seed 0 as no seed, and draws at random"
    clause = "IDN-3"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in body.items() if k != "seed" or v != 0}


class SeedZeroIs42(Fault):
    """`seed or 42` where `42 if seed is None else seed` was meant."""

    name = "seed-zero-is-42"
    does = "draws seed 0, and no seed, as seed 42"
    clause = "IDN-3"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body | {"seed": body.get("seed") or 42}


class SeedZeroIsMinusOne(Fault):
    """`seed or -1`, with -1 as the default in the model of the request."""

    name = "seed-zero-is-minus-one"
    does = "draws seed 0, and no seed, as seed -1"
    clause = "IDN-3"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body | {"seed": body.get("seed") or -1}


class MissingSeedIs1(Fault):
    """The seed has a default in the model of the request."""

    name = "missing-seed-is-1"
    does = "draws a request without a seed as seed 1"
    clause = "IDN-6"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"seed": 1} | body


class SeedNearlyUsed(Fault):
    """The sampler draws noise of its own at each step."""

    name = "seed-nearly-used"
    does = "draws equal requests with differences of up to 15 levels in each sample"
    clause = "IDN-2"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        return pixels // 16 * 16 + noise(pixels) % 16


class PromptIgnored(Fault):
    """The embedding of the prompt is computed once."""

    name = "prompt-ignored"
    does = "draws every job as if all had the same prompt"
    clause = "IDN-1"

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, prompt="a picture")


class LoraIgnored(Fault):
    """The weights are loaded and never merged."""

    name = "lora-ignored"
    does = "draws every job without its LoRA"
    clause = "IDN-4"

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, lora=None)


class LoraSticks(Fault):
    """The weights are merged and never removed again."""

    name = "lora-sticks"
    does = "draws jobs without a LoRA with the LoRA that was used last"
    clause = "IDN-5"
    last: str | None = None

    def task(self, job: Job, task: Task) -> Task:
        if task.lora in LORAS:  # nothing else can be merged
            self.last = task.lora
        return replace(task, lora=task.lora or self.last)


class LoraSticksByTurns(Fault):
    """Two engines take turns, and each keeps the weights that it was given last."""

    name = "lora-sticks-by-turns"
    does = "draws jobs without a LoRA with the LoRA that was used last, on two engines in turn"
    clause = "IDN-5"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.engines: list[str | None] = [None, None]

    def task(self, job: Job, task: Task) -> Task:
        last, other = self.engines
        loaded = task.lora if task.lora in LORAS else last
        self.engines = [other, loaded]
        return replace(task, lora=task.lora or last)


class StalePicture(Fault):
    """A buffer that is filled one job too late."""

    name = "stale-picture"
    does = "delivers the picture of the previous job, from the second job of a process on"
    clause = "IDN-1"
    previous: "Pixels | None" = None

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        stale, self.previous = self.previous, pixels
        return pixels if stale is None or stale.shape != pixels.shape else stale
