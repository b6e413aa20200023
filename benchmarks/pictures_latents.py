"""Damaged latents, decoded: ``python -m benchmarks.pictures_latents FOLDER``.

FOLDER has the weights of the tiny autoencoder of FLUX.2, ``taef2_encoder.pth`` and
``taef2_decoder.pth`` (https://github.com/madebyollin/taesd): 32 channels, cells of 8 pixels. Sound
pictures are encoded, their latents damaged, and decoded; then it is counted how many are found by a
look at them alone, and how many beside the picture that the same decoder makes of sound latents:
found, located to 32 pixels, and named for what they are. Needs torch, scikit-image and
scikit-learn.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from asyncproof.images.pixels import Pixels
from asyncproof.images.reference.comparison import compare
from asyncproof.images.reference.content import Candidate
from asyncproof.images.region import Region
from asyncproof.images.single.look import look
from benchmarks.pictures_corpus import photos

CELL = 8
NEAR = 32  # pixels
Spoil = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Region | None]]


class Block(nn.Module):
    """Three convolutions beside a shortcut; in the middle of a network one that sees all of it."""

    def __init__(self, wide: int, *, pooled: bool = False) -> None:
        super().__init__()
        relu = nn.ReLU()
        self.conv = nn.Sequential(_conv(wide), relu, _conv(wide), relu, _conv(wide))
        self.pool = (
            nn.Sequential(
                nn.Conv2d(wide, 4 * wide, 1, bias=False),
                nn.GroupNorm(4, 4 * wide),
                nn.ReLU(),
                nn.Conv2d(4 * wide, wide, 1, bias=False),
            )
            if pooled
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x if self.pool is None else x + self.pool(x)
        return functional.relu(self.conv(x) + x)


class Squashed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


def _conv(wide: int, entering: int = 64, stride: int = 1, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(entering, wide, 3, stride=stride, padding=1, bias=bias)


def autoencoder(folder: Path) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder with their weights, pictures from 0 to 1."""
    encoder = nn.Sequential(_conv(64, 3), Block(64))
    for pooled in (False, False, True):
        encoder.append(_conv(64, stride=2, bias=False))
        encoder.extend(Block(64, pooled=pooled) for _ in range(3))
    encoder.append(_conv(32))
    decoder = nn.Sequential(Squashed(), _conv(64, 32), nn.ReLU())
    for pooled in (True, False, False):
        decoder.extend(Block(64, pooled=pooled) for _ in range(3))
        decoder.extend([nn.Upsample(scale_factor=2), _conv(64, bias=False)])
    decoder.extend([Block(64), _conv(3)])
    for net, name in ((encoder, "encoder"), (decoder, "decoder")):
        net.load_state_dict(torch.load(folder / f"taef2_{name}.pth", weights_only=True))
        net.eval()
    return encoder, decoder


def noise_like(latents: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(latents.shape, generator=generator)


def noise_left(share: float) -> Spoil:
    def spoil(z: Tensor, _: Tensor, rng: torch.Generator) -> tuple[Tensor, None]:
        mixed = (1 - share**2) ** 0.5 * z + share * z.std() * noise_like(z, rng)
        return mixed, None

    return spoil


def below(share: float, what: str) -> Spoil:
    """The lower part is noise, zeros, or that of another picture."""

    def spoil(z: Tensor, other: Tensor, rng: torch.Generator) -> tuple[Tensor, Region]:
        top = round(z.shape[2] * (1 - share))
        new = {"noise": noise_like(z, rng) * z.std(), "zeros": torch.zeros_like(z), "other": other}
        z = z.clone()
        z[:, :, top:] = new[what][:, :, top:]
        rows, columns = z.shape[2:]
        return z, _region(z, top, 0, rows, columns)

    return spoil


def tile(cells: int, what: str) -> Spoil:
    def spoil(z: Tensor, _: Tensor, rng: torch.Generator) -> tuple[Tensor, Region]:
        top, left = (side // 3 for side in z.shape[2:])
        z = z.clone()
        part = z[:, :, top : top + cells, left : left + cells]
        part[:] = noise_like(part, rng) * z.std() if what == "noise" else 0
        return z, _region(z, top, left, top + cells, left + cells)

    return spoil


def _region(z: Tensor, top: int, left: int, bottom: int, right: int) -> Region:
    """These cells as pixels."""
    rows, columns = z.shape[2:]
    edges = (edge * CELL for edge in (left, top, right, bottom, columns, rows))
    return Region(*edges)


def scaled(by: float) -> Spoil:
    return lambda z, _other, _rng: (z * by, None)


def swapped(z: Tensor, _: Tensor, __: torch.Generator) -> tuple[Tensor, None]:
    """Patches of eight cells in another order."""
    return z.roll((8, 16), dims=(2, 3)), None


KINDS: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    "never denoised": (noise_left(1.0), ("noise",)),
    "70 % of the noise left": (noise_left(0.7), ("noise",)),
    "50 % of the noise left": (noise_left(0.5), ("noise",)),
    "30 % of the noise left": (noise_left(0.3), ("noise",)),
    "15 % of the noise left": (noise_left(0.15), ("noise",)),
    "lower half noise": (below(0.5, "noise"), ("noise",)),
    "lower half zeros": (below(0.5, "zeros"), ("flat", "zero", "blank", "grey")),
    "lower half of another": (below(0.5, "other"), ("show",)),
    "tile of noise": (tile(12, "noise"), ("noise",)),
    "tile of zeros": (tile(12, "zeros"), ("flat", "zero", "blank", "grey")),
    "all zeros": (scaled(0.0), ("flat", "zero", "blank", "grey")),
    "scaled by a half": (scaled(0.5), ("contrast", "scale")),
    "scaled by two": (scaled(2.0), ("contrast", "scale")),
    "patches swapped": (swapped, ("another place", "moved", "rows", "shifted", "columns")),
}
"""Each with words that name it."""


def pictures(side: int, count: int, *, score: bool) -> list[Pixels]:
    """Middles of photos, of as many sources as there are, of the score set or of the other half."""
    found = []
    for one in photos(score=score, crops=1):
        top, left = ((length - side) // 2 for length in one.pixels.shape[:2])
        middle = one.pixels[top : top + side, left : left + side, :3]
        found.append(np.ascontiguousarray(middle))
    return found[:count]


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=320, help="pixels")
    parser.add_argument("--count", type=int, default=12, help="pictures")
    parser.add_argument("--fitting", action="store_true", help="sources that rules were set on")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    encoder, decoder = autoencoder(asked.folder)
    rng = torch.Generator().manual_seed(1)

    def decoded(latents: Tensor) -> Pixels:
        light = decoder(latents)[0].clamp(0, 1).movedim(0, -1)
        pixels: Pixels = (light * 255).round().to(torch.uint8).numpy()
        return pixels

    originals = pictures(asked.side, asked.count, score=not asked.fitting)
    light = [torch.from_numpy(one / np.float32(255)).movedim(-1, 0)[None] for one in originals]
    latents = [encoder(one) for one in light]
    sound = [decoded(z) for z in latents]
    apart = np.mean(
        [np.abs(a.astype(int) - b).mean() for a, b in zip(originals, sound, strict=True)]
    )
    accused = sum(bool(look(one)) for one in sound)
    print(f"{len(sound)} pictures of {asked.side} pixels, decoded {apart:.1f} levels from these")
    print(f"sound ones accused alone: {accused}")
    print(f"{'':26}alone beside located named")
    total = np.zeros(4, int)
    for name, (spoil, words) in KINDS.items():
        counts = np.zeros(4, int)
        for n, z in enumerate(latents):
            other = (n + 1) % len(latents)
            bad, region = spoil(z, latents[other], rng)
            picture = decoded(bad)
            found = compare(picture, sound[n], 2, others=[Candidate("another job", sound[other])])
            counts[0] += bool(look(picture))
            if found is not None:
                counts[1] += 1
                counts[2] += region is None or _located(found.regions[0], region)
                counts[3] += any(word in found.reason for word in words)
        total += counts
        print(f"{name:26}" + "".join(f"{count:5} " for count in counts), flush=True)
    print(f"{'together':26}" + "".join(f"{c / (len(KINDS) * len(sound)):6.1%}" for c in total))


def _located(found: Region, true: Region) -> bool:
    edges = (
        (found.top, true.top),
        (found.left, true.left),
        (found.bottom, true.bottom),
        (found.right, true.right),
    )
    return all(abs(one - other) <= NEAR for one, other in edges)


if __name__ == "__main__":
    main()
