"""Between pictures and latents.

Into latents goes a fixed projection: patches of four by four pixels of the picture at an eighth of
its size, on their principal components. Out of them comes a learned decoder that doubles the size
five times at most and can be left at each size. It gives, for each pixel, a mean and how far it
lies around that, as the decoder of any variational autoencoder does; the picture is drawn from it
with the noise of the job's seed, so grain is grain and not smoothed away.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from reference.engine.denoiser import CHANNELS, Conv, share_arithmetic

CELL = 4  # pixels of the smallest picture for each cell of the latents
WIDTHS = (48, 48, 32, 24, 16, 12)  # channels at 1, 2, 4, 8, 16, 32 pixels a cell
SCALES = (4, 8, 16, 32)  # pixels a cell at which there is a picture
SLOPE = 0.2
LEAST_SPREAD, MOST_SPREAD = 0.2 / 127.5, 6 / 127.5


class Stage(nn.Module):
    """Twice as large, and one step sharper."""

    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.enter = Conv(entering, leaving, 3, padding=1)
        self.sharpen = Conv(leaving, leaving, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        x = functional.interpolate(x, scale_factor=2.0, mode="bilinear")
        return x + self.sharpen(functional.leaky_relu(x, SLOPE))


class Decoder(nn.Module):
    """``forward(latents, scale)`` is mean and spread of the picture, -1 to 1, at ``scale`` pixels a
    cell."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = Conv(CHANNELS, WIDTHS[0], 3, padding=1)
        self.inner = Conv(WIDTHS[0], WIDTHS[0], 3, padding=1)
        self.stages = nn.ModuleList(map(Stage, WIDTHS, WIDTHS[1:]))
        self.heads = nn.ModuleList(Conv(wide, 6, 3, padding=1) for wide in WIDTHS[2:])
        self.arithmetic = share_arithmetic(self)

    def forward(self, latents: Tensor, scale: int) -> tuple[Tensor, Tensor]:
        *_, last = self.sizes(latents, scale)
        return last

    def sizes(self, latents: Tensor, largest: int) -> list[tuple[Tensor, Tensor]]:
        """Mean and spread at every scale up to ``largest``."""
        x = self.enter(latents)
        x = x + self.inner(functional.leaky_relu(x, SLOPE))
        found = []
        for number, stage in enumerate(self.stages):
            x = stage(functional.leaky_relu(x, SLOPE))
            if number and SCALES[number - 1] <= largest:
                found.append(_spread(self.heads[number - 1](functional.leaky_relu(x, SLOPE))))
            if number and SCALES[number - 1] >= largest:
                break
        return found


def _spread(out: Tensor) -> tuple[Tensor, Tensor]:
    mean, wide = out.float().chunk(2, dim=1)
    return mean, LEAST_SPREAD + (MOST_SPREAD - LEAST_SPREAD) * torch.sigmoid(wide - 2)


class Latents(nn.Module):
    """The projection, and the scaling that gives each channel a mean of 0 and a deviation of 1."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("components", torch.zeros(CHANNELS, 3 * CELL**2))
        self.register_buffer("mean", torch.zeros(CHANNELS))
        self.register_buffer("deviation", torch.ones(CHANNELS))

    def learn(self, pictures: Tensor) -> None:
        """Find the components of pictures, batch x 3 x rows x columns, -1 to 1."""
        patches = functional.pixel_unshuffle(pictures, CELL).permute(0, 2, 3, 1).flatten(0, 2)
        patches = patches[torch.linspace(0, len(patches) - 1, 200_000).long()]
        _, _, axes = torch.linalg.svd(patches - patches.mean(0), full_matrices=False)
        self.components.copy_(axes[:CHANNELS])
        raw = patches @ self.components.T
        self.mean.copy_(raw.mean(0))
        self.deviation.copy_(raw.std(0))

    def forward(self, pictures: Tensor) -> Tensor:
        raw = functional.conv2d(
            functional.pixel_unshuffle(pictures, CELL), self.components[:, :, None, None]
        )
        return (raw - self.mean[:, None, None]) / self.deviation[:, None, None]
