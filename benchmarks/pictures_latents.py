"""Damaged latents, decoded: ``python -m benchmarks.pictures_latents FOLDER``.

FOLDER has the weights of the tiny autoencoder of FLUX.2, ``taef2_encoder.pth`` and
``taef2_decoder.pth`` (https://github.com/madebyollin/taesd): 32 channels, cells of 8 pixels. Sound
pictures are encoded, their latents damaged, and decoded; then it is counted how many are found by a
look at them alone, and how many beside the picture that the same decoder makes of sound latents:
found, located to 32 pixels, and named for what they are; *beside* by the comparison alone, *judged*
as a run does it, which leaves drift alone. Needs torch, scikit-image and scikit-learn.
"""

import argparse
import re
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from asyncproof.images.pixels import Pixels
from asyncproof.images.reference.comparison import compare
from asyncproof.images.reference.content import Candidate
from asyncproof.images.reference.judgement import Tolerance, judge
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


class Codec:
    """Pictures to latents and back."""

    def __init__(self, folder: Path) -> None:
        self._encoder, self._decoder = autoencoder(folder)

    @torch.inference_mode()
    def encoded(self, picture: Pixels) -> Tensor:
        light = torch.from_numpy(picture / np.float32(255)).movedim(-1, 0)[None]
        latents: Tensor = self._encoder(light)
        return latents

    @torch.inference_mode()
    def decoded(self, latents: Tensor) -> Pixels:
        light = self._decoder(latents)[0].clamp(0, 1).movedim(0, -1)
        pixels: Pixels = (light * 255).round().to(torch.uint8).numpy()
        return pixels


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
    found = photos(score=score, crops=1)
    return [middle(one.pixels, side) for one in islice(found, count)]


def middle(picture: Pixels, side: int) -> Pixels:
    """So many pixels across and down, without transparency."""
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + side, left : left + side, :3])


COLUMNS = ("alone", "beside", "located", "named", "judged", "located", "named")


def counted(
    picture: Pixels, sound: tuple[Pixels, Pixels], region: Region | None, words: tuple[str, ...]
) -> tuple[list[bool], str]:
    """What ``COLUMNS`` tell of one damaged picture, and what it was called. ``sound``: what it
    should be, and another job's."""
    reference, other = sound
    others = [Candidate("another job", other)]
    told = compare(picture, reference, 2, others)
    judged = judge(picture, reference, Tolerance(2), others).difference
    found = [bool(look(picture))]
    for difference in (told, judged):
        if difference is None:
            found += [False, False, False]
            continue
        near = region is None or _located(difference.regions[0], region)
        found += [True, near, any(word in difference.reason for word in words)]
    return found, told.phrase if told else "not found"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=320, help="pixels")
    parser.add_argument("--count", type=int, default=12, help="pictures")
    parser.add_argument("--quick", action="store_true", help="three pictures of 192 pixels")
    parser.add_argument("--fitting", action="store_true", help="sources that rules were set on")
    asked = parser.parse_args()
    side, count = (192, 3) if asked.quick else (asked.side, asked.count)
    torch.set_num_threads(1)
    codec = Codec(asked.folder)
    rng = torch.Generator().manual_seed(1)
    originals = pictures(side, count, score=not asked.fitting)
    latents = [codec.encoded(one) for one in originals]
    sound = [codec.decoded(z) for z in latents]
    apart = np.mean(
        [np.abs(a.astype(int) - b).mean() for a, b in zip(originals, sound, strict=True)]
    )
    accused = sum(bool(look(one)) for one in sound)
    print(f"{len(sound)} pictures of {side} pixels, decoded {apart:.1f} levels from these")
    print(f"sound ones accused alone: {accused}")
    print(f"{'':26}" + "".join(f"{column:>8}" for column in COLUMNS))
    total = np.zeros(len(COLUMNS), int)
    for name, (spoil, words) in KINDS.items():
        counts, called = np.zeros(len(COLUMNS), int), Counter[str]()
        for n, z in enumerate(latents):
            other = (n + 1) % len(latents)
            bad, region = spoil(z, latents[other], rng)
            found, phrase = counted(codec.decoded(bad), (sound[n], sound[other]), region, words)
            counts += found
            called[_NUMBERS.sub("N", phrase)] += not found[3]
        total += counts
        print(f"{name:26}" + "".join(f"{count:8}" for count in counts), flush=True)
        for phrase, times in (+called).most_common():
            print(f"{'':28}{times} named otherwise: {phrase}")
    shares = total / (len(KINDS) * len(sound))
    print(f"{'together':26}" + "".join(f"{share:8.1%}" for share in shares))
    for name, share in zip(RATIOS, shares, strict=True):
        print(f"ratio latents-{name} {share:.4f}")
    print(f"ratio latents-alone-false-alarms {accused / len(sound):.4f}")


RATIOS = (
    *("alone", "beside", "beside-located", "beside-named"),
    *("judged", "judged-located", "judged-named"),
)
_NUMBERS = re.compile(r"#\w+|\d[\d.–]*")


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
