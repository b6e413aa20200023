"""Permitted differences in how jobs run."""

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from reference.miner.jobs import Job
from reference.miner.messages import Task
from reference.miner.seams import Beat, Fault
from reference.miner.spoiling import noise

if TYPE_CHECKING:
    from reference.miner.pictures.kinds import Pixels

MIB = 2**20
LINE = b"warning: something is deprecated since a long time ago, see the manual\n"


class Slow(Fault):
    """A small device: everything takes its time, and everything gets done."""

    name = "slow"
    does = "takes several times as long for each job (parameter: how many times)"
    parameter = 10.0

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, seconds=task.seconds * (self.value or 1))


class Bursty(Fault):
    """Steps come in bursts, with pauses between them."""

    name = "bursty"
    does = "pauses silently at each quarter of a job (parameter: seconds)"
    parameter = 0.2

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.quarters: dict[str, int] = {}

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        quarter = int((percent or 0) // 25)
        if quarter > self.quarters.get(task.key, 0):
            self.quarters = {task.key: quarter}
            time.sleep(self.value or 0)
        return percent


class SeveralPasses(Fault):
    """A base pass, an upscaling pass, a face pass."""

    name = "several-passes"
    does = "reports each of three passes from 0 to 100 %"

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is None or percent >= 100:
            return percent
        return percent * 3 % 100


class NoPercentage(Fault):
    """A pipeline that does not know how far along it is."""

    name = "no-percentage"
    does = "sends heartbeats without a percentage"

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        return None


class NotRepeatable(Fault):
    """A device whose sums depend on their order."""

    name = "not-repeatable"
    does = "draws equal requests with differences of up to 2 levels in each sample"

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        return pixels + noise(pixels) % 3 * (pixels < 254)


class EatsMemory(Fault):
    """A cache that is never emptied."""

    name = "eats-memory"
    does = "takes memory halfway, more than a small container has (parameter: MiB)"
    parameter = 64.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and 50 <= percent < 55:
            eaten = [b"\1" * MIB for _ in range(int(self.value or 0))]
            del eaten
        return percent


class FloodsOutput(Fault):
    """A library that prints endlessly."""

    name = "floods-output"
    does = "prints at each step of its inference (parameter: KiB)"
    parameter = 256.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        for _ in range(int(self.value or 0)):
            os.write(2, LINE * (1024 // len(LINE)))
        return percent


class FaintDrift(Fault):
    """Sums follow what else is in the batch: grain and light are a little other."""

    name = "faint-drift"
    does = "draws a picture with slight differences of grain, edges and tone beside other jobs"
    strength = 0.33

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        from reference.miner.pictures.drift import drifted  # noqa: PLC0415 - loads numpy
        from reference.miner.pictures.kinds import chance  # noqa: PLC0415 - loads numpy

        if not task.beside:
            return pixels
        return drifted(pixels, self.strength, chance(task.key, task.beside))


class Drift(FaintDrift):
    """Half precision and batches: hair and leaves lie otherwise, and edges two pixels further."""

    name = "drift"
    does = "draws a picture with clear differences of texture, edges and tone beside other jobs"
    strength = 0.67


class StrongDrift(FaintDrift):
    """The same at the most that one would call the same picture."""

    name = "strong-drift"
    does = "moves edges by up to 3 pixels and tone by 3 %, and exchanges texture, beside other jobs"
    strength = 1.0
