"""Makes a picture from a prompt and a seed, as a model would: the same for the same request.

Imported by the predictors, which run in environments of their own: Pillow and numpy only.
``BREAK`` in the environment chooses how the predictor is broken; without it, it is sound.
"""

import hashlib
import io
import os
import secrets
import time

import numpy as np
from PIL import Image

HALF, ANOTHERS, HANG, RAISE, CRASH = "half", "anothers", "hang", "raise", "crash"
SECONDS = 0.15  # that one picture takes


def _pixels(prompt: str, seed: int, width: int, height: int) -> np.ndarray:
    """Soft hills of colour: rich enough that no part of it looks blank or repeated."""
    digest = hashlib.sha256(f"{prompt}\0{seed}".encode()).digest()
    chance = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    coarse = chance.uniform(30, 225, (9, 9, 3)).astype(np.uint8)
    soft = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    grain = chance.normal(0, 6, (height, width, 3))
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


class Painter:
    """One for each process; ``broken`` is one of the five ways, or empty."""

    def __init__(self, broken: str | None = None) -> None:
        self._broken = os.environ.get("BREAK", "") if broken is None else broken
        self._latest = (0.0, "", 0)
        self._count = 0

    def paint(self, prompt: str, seed: int | None, width: int, height: int) -> bytes:
        """The picture as PNG; broken in its way at each third picture. Without a seed, one is
        drawn."""
        seed = secrets.randbits(31) if seed is None else seed
        self._count += 1
        self._latest = (time.monotonic(), prompt, seed)
        third = self._count % 3 == 0
        time.sleep(SECONDS)
        if third and self._broken == HANG:
            time.sleep(3600)
        if third and self._broken == RAISE:
            raise RuntimeError("CUDA out of memory")
        if third and self._broken == CRASH:
            os._exit(139)
        if self._broken == ANOTHERS:  # what all jobs share is read after the work
            _, prompt, seed = self._latest
        pixels = _pixels(prompt, seed, width, height)
        if third and self._broken == HALF:
            pixels[height // 2 :] = 0
        return _png(pixels)
