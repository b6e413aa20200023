"""``python -m reference.engine.train``: makes the weights from pictures of the drawn painter.

What is drawn is kept in ``--work`` for the next time.
All chance comes from one seed; the same seed on the same processor gives the same weights, up to
the order in which its kernels add.
"""

import time
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from reference.engine.decoder import CELL, SCALES, Decoder
from reference.engine.denoiser import Denoiser
from reference.engine.training import loss, trained_adapter, without_some
from reference.engine.weights import MODEL, Model, adapter_file, load_model, save_adapter
from reference.engine.words import rows_of
from reference.miner.loras import LORAS
from reference.miner.pictures.canvas import whole
from reference.miner.pictures.kinds import WORDS, Pixels
from reference.miner.pictures.portrait import HAIR

SEED = 20
SIDE = 128  # pixels of the pictures that latents are made of: 32 cells
PICTURES, LARGE, STYLED = 4200, 160, 420
DECODER_STEPS, DENOISER_STEPS, ADAPTER_STEPS = 450, 1200, 240
BATCH, CROPS, STYLED_BATCH = 16, 8, 8
CROP = 6  # cells
AVERAGE = 0.997
SHAKE = 0.08  # deviation of noise on the latents, which the denoiser does not hit exactly either
FILLERS = (
    "a",
    "the",
    "of",
    "at",
    "with",
    "in",
    "beautiful",
    "detailed",
    "bright",
    "quiet",
    "old",
    "style",
)


Drawing = tuple[str, int, int, str | None]
"""Prompt, seed, side in pixels and LoRA."""


def prompts(count: int, rng: np.random.Generator) -> list[str]:
    """Prompts of every kind: one of its words among words that mean nothing to the painter."""
    kinds = list(WORDS)
    found = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        words = [str(rng.choice(WORDS[kind]))]
        if kind == "portrait" and rng.random() < 0.7:
            words += ["with", str(rng.choice(list(HAIR))), "hair"]
        before = [str(w) for w in rng.choice(FILLERS, rng.integers(0, 3))]
        after = [str(w) for w in rng.choice(FILLERS, rng.integers(0, 2))]
        found.append(" ".join([*before, *words, *after]))
    return found


def painted(order: Drawing) -> Pixels:
    """What the painter makes of prompt, seed, side and LoRA."""
    return whole(*order)


def small(order: Drawing) -> Pixels:
    """The same, its pixels averaged down to ``SIDE``."""
    pixels = painted(order)
    times = pixels.shape[0] // SIDE
    boxes = pixels.reshape(SIDE, times, SIDE, times, 3).mean(axis=(1, 3))
    means: Pixels = boxes.round().astype(np.uint8)
    return means


def tensor(pixels: Pixels) -> Tensor:
    """... x rows x columns x 3 levels as channels before rows, -1 to 1."""
    light = torch.from_numpy(pixels.astype(np.float32)) / 127.5 - 1
    return light.movedim(-1, -3).contiguous()


class Kept:
    """Arrays of earlier stages in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def pictures(self, name: str, orders: list[Drawing], processes: int) -> Pixels:
        path = self._folder / f"{name}.npy"
        if not path.exists():
            draw = painted if name == "large" else small
            with Pool(processes) as pool:
                np.save(path, np.stack(list(pool.imap(draw, orders, chunksize=16))))
        found: Pixels = np.load(path)
        return found


def train_decoder(
    decoder: Decoder, latents: Tensor, large: Pixels, generator: torch.Generator
) -> None:
    """Crops of the large pictures from crops of their latents, at every size at once: the mean by
    its distance, the spread by the likelihood of what is left."""
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=2e-3)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, DECODER_STEPS, pct_start=0.1)
    for step in range(DECODER_STEPS):
        cells, pixels = zip(*_crops(latents, large, generator), strict=True)
        seen = torch.stack(cells)
        seen = seen + SHAKE * torch.rand((), generator=generator) * torch.randn(
            seen.shape, generator=generator
        )
        error = torch.zeros(())
        target = torch.stack(pixels)
        for scale, (mean, spread) in zip(SCALES, decoder.sizes(seen, SCALES[-1]), strict=True):
            wanted = functional.avg_pool2d(target, SCALES[-1] // scale)
            rest = (wanted - mean).detach().square()
            error = error + (wanted - mean).abs().mean()
            error = error + 0.02 * (spread.log() + 0.5 * rest / spread.square()).clamp(max=6).mean()
        optimizer.zero_grad()
        error.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimizer.step()
        rates.step()
        if step % 100 == 0:
            click.echo(f"decoder {step} {error.item():.4f}")


def _crops(
    latents: Tensor, large: Pixels, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    times = SCALES[-1]
    for _ in range(CROPS):
        which, top, left = (
            int(torch.randint(most, (), generator=generator))
            for most in (len(large), latents.shape[2] - CROP + 1, latents.shape[3] - CROP + 1)
        )
        pixels = large[
            which, top * times : (top + CROP) * times, left * times : (left + CROP) * times
        ]
        yield latents[which, :, top : top + CROP, left : left + CROP], tensor(pixels)


def train_denoiser(
    denoiser: Denoiser, latents: Tensor, asked: list[str], generator: torch.Generator
) -> None:
    """The whole denoiser; what is kept is the running average of its weights."""
    rows = [rows_of(prompt) for prompt in asked]
    optimizer = torch.optim.AdamW(denoiser.parameters(), lr=1e-3, weight_decay=0.01)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, DENOISER_STEPS, pct_start=0.06)
    average = {name: value.detach().clone() for name, value in denoiser.state_dict().items()}
    seen = 0.0
    for step in range(DENOISER_STEPS):
        chosen = torch.randint(len(latents), (BATCH,), generator=generator)
        told = denoiser.prompts(without_some([rows[i] for i in chosen.tolist()], generator))
        error = loss(denoiser, latents[chosen], told, generator)
        optimizer.zero_grad()
        error.backward()
        torch.nn.utils.clip_grad_norm_(denoiser.parameters(), 1.0)
        optimizer.step()
        rates.step()
        weight = min(AVERAGE, (1 + step) / (10 + step))
        for name, value in denoiser.state_dict().items():
            average[name].lerp_(value.detach(), 1 - weight)
        seen += error.item()
        if step % 100 == 99:
            click.echo(f"denoiser {step + 1} {seen / 100:.4f}")
            seen = 0.0
    denoiser.load_state_dict(average)


@click.command()
@click.option(
    "--work", type=click.Path(path_type=Path), required=True, help="folder for what is drawn"
)
@click.option("--processes", default=1, help="that draw")
@click.option("--threads", default=1, help="that train")
@click.option("--only-adapters", is_flag=True, help="train these on the model that is there")
def main(work: Path, processes: int, threads: int, only_adapters: bool) -> None:
    """Draw, train, and write the weights beside this script."""
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    kept = Kept(work)
    asked = prompts(PICTURES, rng)
    if not only_adapters:
        train_model(kept, asked, processes, generator, threads)
    train_adapters(kept, asked[:STYLED], processes)


def train_model(
    kept: Kept, asked: list[str], processes: int, generator: torch.Generator, threads: int
) -> None:
    """Denoiser, projection and decoder."""
    began = time.monotonic()
    large = kept.pictures(
        "large", [(p, 50_000 + i, 1024, None) for i, p in enumerate(asked[:LARGE])], processes
    )
    little = kept.pictures(
        "little", [(p, i, 2 * SIDE, None) for i, p in enumerate(asked)], processes
    )
    drawn = time.monotonic()
    model = Model.untrained()
    model.latents.learn(tensor(little))
    latents = torch.cat([model.latents(tensor(part)) for part in np.array_split(little, 20)])
    train_denoiser(model.denoiser, latents, asked, generator)
    denoised = time.monotonic()
    click.echo(f"drawn in {drawn - began:.0f} s, denoiser in {denoised - drawn:.0f} s")
    shrunk = torch.stack([functional.avg_pool2d(tensor(one), 1024 // SIDE) for one in large])
    train_decoder(model.decoder, model.latents(shrunk), large, generator)
    told = {"seed": str(SEED), "cells": str(SIDE // CELL), "threads": str(threads)}
    told |= {"seconds": f"{time.monotonic() - drawn:.0f}"}
    told |= {"processor_seconds": f"{time.process_time():.0f}"}
    model.save(MODEL, told)
    click.echo(f"model: {told['seconds']} s")


def train_adapters(kept: Kept, asked: list[str], processes: int) -> None:
    """One for each LoRA, on the pictures that have its look."""
    for number, lora in enumerate(LORAS):
        orders: list[Drawing] = [(p, 90_000 + i, SIDE, lora) for i, p in enumerate(asked)]
        pictures = kept.pictures(Path(lora).stem, orders, processes)
        model = load_model()
        began = time.monotonic()
        adapter = trained_adapter(
            model.denoiser,
            model.latents(tensor(pictures)),
            [rows_of(prompt) for prompt in asked],
            steps=ADAPTER_STEPS,
            batch=STYLED_BATCH,
            seed=SEED + 1 + number,
        )
        took = f"{time.monotonic() - began:.0f}"
        save_adapter(adapter_file(lora), adapter, {"seed": str(SEED + 1 + number), "seconds": took})
        click.echo(f"{lora}: {took} s")


if __name__ == "__main__":
    main()
