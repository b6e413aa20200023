"""Defects that engines have where jobs share a batch. Each strikes only beside other jobs, as the
real ones do: memory is short, or a buffer is somebody else's."""

import copy
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from reference.engine.arithmetic import Arithmetic
from reference.engine.decoder import Decoder
from reference.engine.denoiser import Conv
from reference.engine.names import FAULTS
from reference.miner.pictures.kinds import Pixels

if TYPE_CHECKING:
    from reference.engine.sampler import Job

Again = Callable[[Tensor], Pixels]


class Sound:
    """An engine without a defect; its defects override a method."""

    name: ClassVar[str] = ""

    def at(self, jobs: Sequence["Job"]) -> list[int]:
        """Which of its steps each job does next, from 0."""
        return [job.at for job in jobs]

    def guided(self, without: Tensor, difference: Tensor, weights: Tensor) -> Tensor:
        """The velocity, from the one without a prompt and what the prompt changes."""
        return without + weights * difference

    def after_step(self, running: Sequence["Job"]) -> None:
        """All jobs in flight have done a step."""

    def merges(self, others: int) -> int:
        """How often an adapter is added to the weights."""
        return 1

    def takes_out(self) -> bool:
        """Whether an adapter is taken out when another job does not want it."""
        return True

    def decoded(self, decoder: Decoder, job: "Job", scale: int) -> tuple[Tensor, Tensor]:
        """Mean and spread of the picture."""
        return decoder(job.latents, scale)

    def copied(self, pixels: Pixels, job: "Job", again: Again) -> Pixels:
        """The picture as it arrives in the memory of the processor; ``again`` decodes others."""
        return pixels


class NoSynchronisation(Sound):
    """The copy does not wait for the device: the second half is still the preview."""

    name = "no-synchronisation"

    def copied(self, pixels: Pixels, job: "Job", again: Again) -> Pixels:
        if job.others and job.preview is not None:
            half = len(pixels) // 2
            pixels[half:] = again(job.preview)[half:]
        return pixels


class SharedScheduler(Sound):
    """One scheduler for all: its index moves on with every job's step."""

    name = "shared-scheduler"

    def __init__(self) -> None:
        self._index = 0

    def at(self, jobs: Sequence["Job"]) -> list[int]:
        found = []
        for job in jobs:
            found.append(self._index % job.steps if job.others else job.at)
            self._index += 1
        return found


class LatentsOverwritten(Sound):
    """The next job gets a place of the buffer that is still in use."""

    name = "latents-overwritten"

    def after_step(self, running: Sequence["Job"]) -> None:
        for job, later in pairwise(running):
            if later.at == 1 and later.latents.shape == job.latents.shape:
                job.latents = later.latents


class NanInDecoder(Sound):
    """Beside others the decoder runs in half precision, which its activations outgrow."""

    name = "nan-in-decoder"
    LARGE = 1e5

    def decoded(self, decoder: Decoder, job: "Job", scale: int) -> tuple[Tensor, Tensor]:
        return (self._outgrown(decoder) if job.others else decoder)(job.latents, scale)

    def _outgrown(self, decoder: Decoder) -> Decoder:
        """The same function, since all between the first layer and the last is linear but for the
        slope at zero, with that much larger values in between."""
        large = copy.deepcopy(decoder)
        arithmetic = Arithmetic(torch.float16)
        for name, layer in large.named_modules():
            if isinstance(layer, Conv):
                layer.arithmetic = arithmetic
                if name == "enter":
                    layer.weight.data *= self.LARGE
                if name.startswith("heads"):
                    layer.weight.data /= self.LARGE
                elif layer.bias is not None:
                    layer.bias.data *= self.LARGE
        return large


class WrongSeams(Sound):
    """Beside others the decoder works in tiles to save memory, and each lies one cell off."""

    name = "wrong-seams"
    TILE = 8  # cells

    def decoded(self, decoder: Decoder, job: "Job", scale: int) -> tuple[Tensor, Tensor]:
        if not job.others:
            return decoder(job.latents, scale)
        bands = [
            [self._tile(decoder, job.latents, top, left, scale) for left in self._starts(job, 3)]
            for top in self._starts(job, 2)
        ]
        means, spreads = (
            torch.cat([torch.cat([tile[part] for tile in band], dim=3) for band in bands], dim=2)
            for part in (0, 1)
        )
        return means, spreads

    def _starts(self, job: "Job", axis: int) -> range:
        return range(0, job.latents.shape[axis], self.TILE)

    def _tile(
        self, decoder: Decoder, latents: Tensor, top: int, left: int, scale: int
    ) -> tuple[Tensor, Tensor]:
        off = latents.roll((-(top // self.TILE), -(left // self.TILE)), dims=(2, 3))
        return decoder(off[..., top : top + self.TILE, left : left + self.TILE], scale)


class AdapterTwice(Sound):
    """Two jobs ask for the same adapter at once, and each merges it."""

    name = "adapter-twice"

    def merges(self, others: int) -> int:
        return 2 if others else 1


class AdapterStays(Sound):
    """The adapter is merged into the weights and never taken out."""

    name = "adapter-stays"

    def takes_out(self) -> bool:
        return False


class GuidanceOfAnother(Sound):
    """The halves of the batch with and without prompts are put together in another order."""

    name = "guidance-of-another"

    def guided(self, without: Tensor, difference: Tensor, weights: Tensor) -> Tensor:
        return without + weights * difference.roll(1, dims=0)


def known() -> Mapping[str, type[Sound]]:
    """The defects by name."""
    found = {kind.name: kind for kind in Sound.__subclasses__()}
    assert found.keys() == FAULTS.keys()
    return found
