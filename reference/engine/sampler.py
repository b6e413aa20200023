"""Jobs in flight share their forward passes: the sampling of pictures, without processes.

A job enters between two steps of others and leaves when its own steps are done, so who is in a
batch changes at every step.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional

from reference.engine.adapters import Adapter, Merged
from reference.engine.arithmetic import DTYPES
from reference.engine.decoder import CELL, SCALES
from reference.engine.denoiser import CHANNELS, MULTIPLE, WORDS
from reference.engine.faults import Sound
from reference.engine.messages import Order
from reference.engine.weights import Model
from reference.engine.words import rows_of
from reference.miner.pictures.kinds import Pixels

CELLS = 32  # of the longer side, up to the largest scale; twice as many beyond
KEPT_OF_SOURCE = 0.4  # an edit begins at 1 - this of the noise
NO_GUIDANCE, WEIGHT = 1.0, 0.125
"""A guidance of 1 is the prompt's own prediction; each further unit adds an eighth of the
difference to the one without a prompt, since this model was trained on few words."""

PREVIEW = 0.75  # of the steps, after which there is a preview

Tell = Callable[[float], None]


class RefusedError(ValueError):
    """An order that cannot be carried out; the message is for the client."""


@dataclass(eq=False, slots=True)
class Job:
    """One picture on its way. ``times`` run from noise to picture; ``at`` is the next step."""

    order: Order
    latents: Tensor
    times: list[float]
    rows: list[int]
    noise: torch.Generator
    at: int = 0
    preview: Tensor | None = None  # the latents that were decoded for a preview
    others: int = 0  # most other jobs that were in flight with it
    tell: Tell = field(default=lambda _percent: None)

    @property
    def steps(self) -> int:
        return len(self.times) - 1

    @property
    def done(self) -> bool:
        return self.at >= self.steps


class Sampler:
    """Makes pictures of orders, at most ``largest`` at once."""

    def __init__(
        self,
        model: Model,
        adapters: Mapping[str, Adapter],
        *,
        dtype: str = "float32",
        largest: int = 4,
        fault: Sound | None = None,
    ) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = model.on(self._device)
        self._fault = fault or Sound()
        self._largest = largest
        self.dtype = DTYPES[dtype]
        for net in (model.denoiser, model.decoder):
            net.arithmetic.dtype = self.dtype
            for value in net.parameters():
                value.data = net.arithmetic.stored(value.data)
        self._merged = Merged(model.denoiser, adapters, self._fault)
        self._waiting: list[Job] = []
        self._running: list[Job] = []

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._running)

    def offer(self, name: str, adapter: Adapter) -> None:
        """Another LoRA from now on."""
        self._merged.add(name, adapter)

    def admit(self, order: Order, tell: Tell) -> Job:
        """Queue an order; ``tell`` gets its percentage after each step. Raises RefusedError."""
        if order.lora is not None and not self._merged.offers(order.lora):
            raise RefusedError(f"lora_path {order.lora!r} is unknown to the engine")
        generator = torch.Generator().manual_seed(order.seed % 2**63)
        shape = (1, CHANNELS, *cells(order.height, order.width))
        noise = self._stored(torch.randn(shape, generator=generator).to(self._device))
        times = [1 - step / order.steps for step in range(order.steps + 1)]
        latents = noise
        if order.source is not None:
            most = 1 - KEPT_OF_SOURCE
            times = [time * most for time in times]
            latents = self._stored((1 - most) * self._encoded(order) + most * noise)
        job = Job(order, latents, times, rows_of(order.prompt), generator, tell=tell)
        self._waiting.append(job)
        return job

    def drop(self, job: Job) -> None:
        """Nobody waits for this picture any more."""
        for jobs in (self._waiting, self._running):
            if job in jobs:
                jobs.remove(job)

    @torch.inference_mode()
    def round(self) -> Iterator[tuple[Job, Pixels]]:
        """One step for each job in flight; the pictures that are finished by it."""
        room = self._largest - len(self._running)
        self._running += self._waiting[:room]
        del self._waiting[:room]
        for job in self._running:
            job.others = max(job.others, len(self._running) - 1)
        for lora, jobs in groupby(sorted(self._running, key=_adapter), key=_adapter):
            self._merged.use(lora or None, len(self._running) - 1)
            self._step(list(jobs))
        for job in self._running:
            job.tell(100.0 * job.at / job.steps)
        self._fault.after_step(self._running)
        finished = [job for job in self._running if job.done]
        self._running = [job for job in self._running if not job.done]
        for job in finished:
            yield job, self._decoded(job)

    def _step(self, jobs: list[Job]) -> None:
        by_shape = sorted(jobs, key=_shape)
        for _, alike in groupby(by_shape, key=_shape):
            self._step_together(list(alike))

    def _step_together(self, jobs: list[Job]) -> None:
        denoiser = self._model.denoiser
        denoiser.arithmetic.beside(len(jobs))
        latents = torch.cat([job.latents for job in jobs])
        now = list(zip(jobs, self._fault.at(jobs), strict=True))
        t = torch.tensor([job.times[at] for job, at in now], device=self._device)
        after = torch.tensor([job.times[at + 1] for job, at in now], device=self._device)
        rows = [job.rows for job in jobs] + [[WORDS]] * len(jobs)
        told = denoiser.prompts(rows)
        velocity = denoiser(latents.repeat(2, 1, 1, 1), t.repeat(2), told)
        with_prompt, without = velocity.chunk(2)
        weights = torch.tensor([weight(job.order.guidance) for job in jobs], device=self._device)
        velocity = self._fault.guided(without, with_prompt - without, weights[:, None, None, None])
        latents = self._stored(latents + (after - t)[:, None, None, None] * velocity)
        for job, one in zip(jobs, latents.split(1), strict=True):
            job.latents = one
            job.at += 1
            if job.at == int(PREVIEW * job.steps):
                job.preview = one

    def _decoded(self, job: Job) -> Pixels:
        order = job.order
        self._model.decoder.arithmetic.beside(1)
        rows, columns = job.latents.shape[2:]
        large_enough = (
            s for s in SCALES if rows * s >= order.height and columns * s >= order.width
        )
        scale = next(large_enough, SCALES[-1])
        mean, spread = self._fault.decoded(self._model.decoder, job, scale)
        light = mean.cpu() + spread.cpu() * torch.randn(mean.shape, generator=job.noise)
        if light.shape[2:] != (order.height, order.width):
            light = functional.interpolate(
                light, (order.height, order.width), mode="bicubic", antialias=True
            )
        levels = ((light[0].clamp(-1, 1) + 1) * 127.5).nan_to_num(0.0).round()
        pixels: Pixels = levels.to(torch.uint8).movedim(0, -1).numpy()
        return self._fault.copied(pixels, job, lambda latents: self._preview(job, latents))

    def _preview(self, job: Job, latents: Tensor) -> Pixels:
        """The picture that earlier latents of the same job give."""
        return self._decoded(Job(job.order, latents, job.times, job.rows, torch.Generator()))

    def _encoded(self, order: Order) -> Tensor:
        rows, columns = cells(order.height, order.width)
        try:
            with Image.open(order.source or "") as image:
                small = image.convert("RGB").resize((columns * CELL, rows * CELL))
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise RefusedError(f"the picture to edit cannot be read: {error}") from error
        light = torch.from_numpy(np.asarray(small, np.float32)) / 127.5 - 1
        found: Tensor = self._model.latents(light.movedim(-1, 0)[None].to(self._device))
        return found

    def _stored(self, values: Tensor) -> Tensor:
        return self._model.denoiser.arithmetic.stored(values)


def cells(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the latents of a picture of this size in pixels."""
    longer = max(height, width)
    most = CELLS if longer <= CELLS * SCALES[-1] else 2 * CELLS
    rows, columns = (
        max(MULTIPLE, round(side / longer * most / MULTIPLE) * MULTIPLE) for side in (height, width)
    )
    return rows, columns


def weight(guidance: float) -> float:
    """How far beyond the prediction without a prompt: 0 is that one, 1 the one with the prompt."""
    return 1.0 + WEIGHT * (guidance - NO_GUIDANCE)


def _adapter(job: Job) -> str:
    return job.order.lora or ""


def _shape(job: Job) -> tuple[int, ...]:
    return tuple(job.latents.shape[2:])
