"""Low-rank adapters (Hu et al. 2021, arXiv:2106.09685): for each layer a product of two thin
matrices that is added to its weight."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from reference.engine.denoiser import Conv, Denoiser, Linear
from reference.engine.faults import Sound

RANK = 4
DOWN, UP = "down", "up"

Adapter = Mapping[str, Tensor]
"""``layer.down`` is rank x (entering * kernel), ``layer.up`` is leaving x rank."""


def layers(denoiser: Denoiser) -> dict[str, nn.Module]:
    """The layers that an adapter changes, by name."""
    return {
        name: layer
        for name, layer in denoiser.named_modules()
        if isinstance(layer, Conv | Linear) and min(layer.weight.shape[:2]) > RANK
    }


def fresh(denoiser: Denoiser, generator: torch.Generator) -> dict[str, Tensor]:
    """An adapter that changes nothing yet."""
    parts: dict[str, Tensor] = {}
    for name, layer in layers(denoiser).items():
        leaving, entering = layer.weight.shape[0], layer.weight[0].numel()
        down = torch.randn(RANK, entering, generator=generator) / entering**0.5
        parts[f"{name}.{DOWN}"], parts[f"{name}.{UP}"] = down, torch.zeros(leaving, RANK)
    return parts


def changes(denoiser: Denoiser, adapter: Adapter) -> dict[str, Tensor]:
    """What the adapter adds to the weight of each layer."""
    return {
        f"{name}.weight": (adapter[f"{name}.{UP}"] @ adapter[f"{name}.{DOWN}"]).view_as(
            layer.weight
        )
        for name, layer in layers(denoiser).items()
    }


class Merged:
    """The weights of a denoiser with at most one adapter in them. ``use`` puts another one in; the
    plain weights come from a copy, since what was added and taken away in half precision is not
    what it was."""

    def __init__(self, denoiser: Denoiser, adapters: Mapping[str, Adapter], fault: Sound) -> None:
        self._denoiser = denoiser
        self._adapters = dict(adapters)
        self._fault = fault
        self._plain = {
            name: layer.weight.detach().clone() for name, layer in layers(denoiser).items()
        }
        self._inside: str | None = None

    def add(self, name: str, adapter: Adapter) -> None:
        """Offer another adapter."""
        self._adapters[name] = adapter

    def offers(self, name: str) -> bool:
        return name in self._adapters

    def use(self, name: str | None, others: int) -> None:
        """Have this adapter in the weights, and no other; ``others`` are in flight too."""
        if name == self._inside:
            return
        if self._fault.takes_out():
            self._take_out()
        if name is not None:
            for _ in range(self._fault.merges(others)):
                self._put_in(self._adapters[name])
        self._inside = name

    def _take_out(self) -> None:
        for name, layer in layers(self._denoiser).items():
            layer.weight.data.copy_(self._plain[name])

    def _put_in(self, adapter: Adapter) -> None:
        stored = self._denoiser.arithmetic.stored
        weights = dict(self._denoiser.named_parameters())
        for name, change in changes(self._denoiser, adapter).items():
            weight = weights[name].data
            weight.copy_(stored(weight + change.to(weight.device)))
