"""The denoiser: a U-Net over patches of two by two latents, with attention where it is smallest.

It predicts the velocity from picture to noise of a rectified flow (Liu et al. 2022,
arXiv:2209.03003): ``x(t) = (1 - t) * picture + t * noise``, ``velocity = noise - picture``.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from reference.engine.arithmetic import Arithmetic

CHANNELS = 8  # of the latents
PATCH = 2
MULTIPLE = 4  # sides of the latents, in cells, are multiples of this
WIDE, WIDER = 64, 128
GROUPS = 8
EMBEDDED = 128
WORDS = 512  # rows of the table of words
HEADS = 4


class Conv(nn.Conv2d):
    """A convolution by the arithmetic of its engine; adapters attach here."""

    arithmetic: Arithmetic

    def forward(self, x: Tensor) -> Tensor:
        return self.arithmetic.convolved(x, self.weight, self.bias, self.stride[0])


class Linear(nn.Linear):
    """A linear layer by the arithmetic of its engine; adapters attach here."""

    arithmetic: Arithmetic

    def forward(self, x: Tensor) -> Tensor:
        return self.arithmetic.applied(x, self.weight, self.bias)


class Block(nn.Module):
    """Two convolutions around what the step and the prompt say."""

    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.first_norm = nn.GroupNorm(GROUPS, entering)
        self.first = Conv(entering, leaving, 3, padding=1)
        self.told = Linear(EMBEDDED, 2 * leaving)
        self.second_norm = nn.GroupNorm(GROUPS, leaving)
        self.second = Conv(leaving, leaving, 3, padding=1)
        self.past = Conv(entering, leaving, 1) if entering != leaving else nn.Identity()
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, said: Tensor) -> Tensor:
        stored = self.first.arithmetic.stored
        inner = self.first(stored(functional.silu(self.first_norm(x))))
        scale, shift = self.told(said)[:, :, None, None].chunk(2, dim=1)
        inner = stored(self.second_norm(inner) * (1 + scale) + shift)
        return stored(self.past(x) + self.second(stored(functional.silu(inner))))


class Attention(nn.Module):
    """Every place of the smallest level looks at every other."""

    def __init__(self, wide: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, wide)
        self.asked = Linear(wide, 3 * wide)
        self.out = Linear(wide, wide)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        stored = self.out.arithmetic.stored
        batch, wide, rows, columns = x.shape
        tokens = stored(self.norm(x)).flatten(2).transpose(1, 2)
        parts = self.asked(tokens).view(batch, rows * columns, 3, HEADS, wide // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = stored(functional.scaled_dot_product_attention(query, key, value))
        told = self.out(seen.transpose(1, 2).reshape(batch, rows * columns, wide))
        return stored(x + told.transpose(1, 2).reshape(x.shape))


class Denoiser(nn.Module):
    """``forward(latents, t, prompts)`` is the velocity; ``t`` is 0 for a picture, 1 for noise."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS + 1, EMBEDDED)  # the last one: no prompt
        self.told = nn.Sequential(
            Linear(2 * EMBEDDED, EMBEDDED), nn.SiLU(), Linear(EMBEDDED, EMBEDDED)
        )
        self.enter = Conv(CHANNELS * PATCH**2, WIDE, 3, padding=1)
        self.down = nn.ModuleList([Block(WIDE, WIDE), Block(WIDE, WIDE)])
        self.smaller = Conv(WIDE, WIDER, 2, stride=2)
        self.low = nn.ModuleList([Block(WIDER, WIDER), Block(WIDER, WIDER)])
        self.attention = Attention(WIDER)
        self.rise = nn.ModuleList([Block(2 * WIDER, WIDER), Block(2 * WIDER, WIDER)])
        self.larger = Conv(WIDER, WIDE, 1)
        self.up = nn.ModuleList([Block(2 * WIDE, WIDE), Block(2 * WIDE, WIDE)])
        self.leave_norm = nn.GroupNorm(GROUPS, WIDE)
        self.leave = Conv(WIDE, CHANNELS * PATCH**2, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        self.arithmetic = share_arithmetic(self)

    def forward(self, latents: Tensor, t: Tensor, prompts: Tensor) -> Tensor:
        stored = self.arithmetic.stored
        said = stored(functional.silu(self.told(torch.cat([waves(t), prompts], dim=1))))
        x = self.enter(functional.pixel_unshuffle(latents, PATCH))
        high = [x := block(x, said) for block in self.down]
        x = self.smaller(x)
        low = [x := block(x, said) for block in self.low]
        x = self.attention(x)
        for block in self.rise:
            x = block(torch.cat([x, low.pop()], dim=1), said)
        x = functional.interpolate(self.larger(x), scale_factor=2.0, mode="nearest")
        for block in self.up:
            x = block(torch.cat([x, high.pop()], dim=1), said)
        x = self.leave(stored(functional.silu(self.leave_norm(x))))
        return functional.pixel_shuffle(x, PATCH)

    def prompts(self, rows: list[list[int]]) -> Tensor:
        """One vector for each prompt, given as rows of the table of words."""
        vectors = [
            self.words.weight[row or [WORDS]].sum(0) / math.sqrt(max(1, len(row))) for row in rows
        ]
        return torch.stack(vectors)


def waves(t: Tensor) -> Tensor:
    """Times from 0 to 1 as sines and cosines."""
    half = EMBEDDED // 2
    speeds = torch.exp(torch.linspace(0, math.log(1000), half, device=t.device))
    angles = t[:, None] * speeds
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def share_arithmetic(module: nn.Module) -> Arithmetic:
    """Give one arithmetic to every layer of a network."""
    shared = Arithmetic()
    for layer in module.modules():
        if isinstance(layer, Conv | Linear):
            layer.arithmetic = shared
    return shared
