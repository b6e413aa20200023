"""What the denoiser learns from: the loss, and an adapter trained on pictures."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional

from reference.engine.adapters import changes, fresh
from reference.engine.denoiser import WORDS, Denoiser

WITHOUT_PROMPT = 0.15  # of the pictures, so that guidance knows what a picture is without one
LEARNING_RATE = 3e-3
Tell = Callable[[float], None]


def loss(
    denoiser: Callable[[Tensor, Tensor, Tensor], Tensor],
    latents: Tensor,
    prompts: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """How far the predicted velocity is from the true one, at random times."""
    t = torch.sigmoid(torch.randn(len(latents), generator=generator))
    noise = torch.randn(latents.shape, generator=generator)
    along = t[:, None, None, None]
    seen = (1 - along) * latents + along * noise
    return functional.mse_loss(denoiser(seen, t, prompts), noise - latents)


def without_some(rows: Sequence[list[int]], generator: torch.Generator) -> list[list[int]]:
    """The prompts, some of them taken away."""
    gone = torch.rand(len(rows), generator=generator) < WITHOUT_PROMPT
    return [[WORDS] if out else row for row, out in zip(rows, gone.tolist(), strict=True)]


def trained_adapter(
    denoiser: Denoiser,
    latents: Tensor,
    rows: Sequence[list[int]],
    *,
    steps: int,
    batch: int,
    seed: int,
    tell: Tell = lambda _share: None,
) -> dict[str, Tensor]:
    """An adapter that draws towards these pictures. The denoiser stays as it is."""
    generator = torch.Generator().manual_seed(seed)
    adapter = {name: part.requires_grad_() for name, part in fresh(denoiser, generator).items()}
    plain = {name: value.detach().clone() for name, value in denoiser.state_dict().items()}
    optimizer = torch.optim.AdamW(adapter.values(), lr=LEARNING_RATE, weight_decay=0.0)
    for step in range(steps):
        chosen = torch.randint(len(latents), (batch,), generator=generator)
        asked = without_some([list(rows[i]) for i in chosen.tolist()], generator)
        weights = plain | {
            name: plain[name] + change for name, change in changes(denoiser, adapter).items()
        }

        def changed(
            x: Tensor, t: Tensor, p: Tensor, weights: dict[str, Tensor] = weights
        ) -> Tensor:
            found: Tensor = functional_call(denoiser, weights, (x, t, p))
            return found

        with torch.no_grad():
            prompts = denoiser.prompts(asked)
        error = loss(changed, latents[chosen], prompts, generator)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        tell((step + 1) / steps)
    return {name: part.detach() for name, part in adapter.items()}
