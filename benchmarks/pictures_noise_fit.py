"""Fits the weights by which one picture alone is called noise of latents.

    python -m benchmarks.pictures_noise_fit FOLDER > src/asyncproof/images/single/noise_weights.py

FOLDER has the weights of the autoencoder that ``benchmarks.pictures_latents`` names. Noise: what it
decodes of latents that were never denoised, and of a lower half of noise. Not noise: sound pictures
before and after it, crops of photos, the drawn classes, half of the pictures that resemble damage.
All of the half of the sources that rules are set on; the seeds are in here. A logistic regression
on numbers and their squares, by Newton's method. Needs torch.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from asyncproof.images.pixels import Pixels
from asyncproof.images.single.decoded_noise import windows
from asyncproof.images.single.statistics import measure
from benchmarks.pictures_corpus import DRAWN, Clean, drawn, photos
from benchmarks.pictures_latents import KINDS, Codec, middle
from benchmarks.pictures_lookalikes import CLASSES

SIDE = 320  # pixels of the pictures that are encoded: every second source
EACH = 24  # pictures of a drawn class
MOST_WINDOWS = 80  # of a picture that is not noise
RIDGE = 3.0
ROUNDS = 30
BEYOND = 0.25  # of the range of noise that a number may lie outside it


def numbers(pixels: Pixels) -> np.ndarray:
    """Rows x columns x numbers."""
    return np.stack(list(windows(measure(pixels)).values()), axis=-1)


def decoded(codec: Codec, base: list[Clean]) -> Iterator[tuple[bool, np.ndarray]]:
    """Whether it is noise, and its windows."""
    rng = torch.Generator().manual_seed(1)
    for one in base[::4]:
        picture = middle(one.pixels, SIDE)
        latents = codec.encoded(picture)
        for sound in (picture, codec.decoded(latents)):
            yield False, numbers(sound)
        for kind in ("never denoised", "lower half noise"):
            found = numbers(codec.decoded(KINDS[kind][0](latents, latents, rng)[0]))
            yield True, found if kind == "never denoised" else found[SIDE // 64 + 1 :]


def sound(base: list[Clean]) -> Iterator[np.ndarray]:
    """The windows of pictures that no decoder made."""
    rng = np.random.default_rng(0)
    for n, one in enumerate(base):
        yield numbers(one.pixels[:, :, :3] if n % 2 else _half(one.pixels))
    for kind in DRAWN:
        for n in range(EACH):
            one = drawn(base[int(rng.integers(len(base)))], kind, n)
            yield numbers(_half(one.pixels) if n % 2 else one.pixels)
    for draw in CLASSES.values():
        for n in range(EACH):
            if n % 4 < 2:
                yield numbers(draw((256, 512)[n % 2], np.random.default_rng(n)))


def _half(pixels: Pixels) -> Pixels:
    image = Image.fromarray(pixels[:, :, :3])
    return np.asarray(image.resize((512, 512), Image.Resampling.LANCZOS))


def regression(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Intercept and weights; the first column of ``values`` is 1."""
    weights = np.zeros(values.shape[1])
    ridge = np.full(values.shape[1], RIDGE)
    ridge[0] = 0
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(values @ weights, -30, 30)))
        slope = values.T @ (truth - chance) - ridge * weights
        curve = (values * (chance * (1 - chance))[:, None]).T @ values + np.diag(ridge + 1e-9)
        weights += np.linalg.solve(curve, slope)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    torch.set_num_threads(1)
    codec, base = Codec(parser.parse_args().folder), list(photos(score=False, crops=2))
    noise, rest = [], []
    for is_noise, found in decoded(codec, base):
        (noise if is_noise else rest).append(found.reshape(-1, found.shape[-1]))
    rng = np.random.default_rng(0)
    for found in sound(base):
        flat = found.reshape(-1, found.shape[-1])
        rest.append(flat[rng.permutation(len(flat))[:MOST_WINDOWS]])
    one, other = np.concatenate(noise), np.concatenate(rest)
    low, high = bounds(one)
    other = other[((low <= other) & (other <= high)).all(axis=1)]
    both = np.concatenate([one, other])
    values = np.hstack([both, both * both])
    middle, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    scaled = np.hstack([np.ones((len(values), 1)), (values - middle) / spread])
    fitted = regression(scaled, np.repeat([1.0, 0.0], [len(one), len(other)]))
    weights = fitted[1:] / spread
    names = list(islice(windows(measure(np.zeros((64, 64, 3), np.uint8))), one.shape[1]))
    _tell(names, one, weights, float(fitted[0] - weights @ middle))


def bounds(noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest of each number; windows beyond are never noise."""
    low, high = noise.min(axis=0), noise.max(axis=0)
    return low - BEYOND * (high - low), high + BEYOND * (high - low)


def _tell(names: list[str], noise: np.ndarray, weights: np.ndarray, intercept: float) -> None:
    low, high = noise.min(axis=0), noise.max(axis=0)
    low, high = low - BEYOND * (high - low), high + BEYOND * (high - low)
    print(
        '"""What ``benchmarks/pictures_noise_fit.py`` printed: no number here is set by hand."""\n'
    )
    print(f"INTERCEPT = {intercept:.4f}")
    print("# Of each number: the least and the greatest that noise may have, the weight of the")
    print("# number and that of its square.\nWEIGHTS = {")
    for n, name in enumerate(names):
        told = low[n], high[n], weights[n], weights[n + len(names)]
        print(f'    "{name}": ({", ".join(f"{value:.4f}" for value in told)}),')
    print("}")


if __name__ == "__main__":
    main()
