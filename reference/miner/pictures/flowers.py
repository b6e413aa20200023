"""A flower close up, before lights out of focus."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from reference.miner.pictures.kinds import Light
from reference.miner.pictures.tools import clouds, gradient, grid, over, rgb

PETALS = (
    ("fbe3ec", "e0567f", "f6c646"),
    ("fff7d6", "f2b234", "8a4b1d"),
    ("efe6ff", "8a63c9", "ffd54a"),
    ("ffe5d4", "e9603c", "5a2a18"),
)
LEAVES = (("183a2b", "4c7f4f"), ("20304a", "4f7f8a"), ("2f3a1e", "86964a"))


def flowers(rng: np.random.Generator, height: int, width: int) -> Light:
    """One flower in focus; its background is a blur of leaves and light."""
    picture = _background(rng, height, width)
    inner, outer, heart = map(rgb, PETALS[rng.integers(len(PETALS))])
    y, x = grid(height, width)
    size = min(height, width)
    down = (y - rng.uniform(0.42, 0.55)) * height / size
    across = (x - rng.uniform(0.4, 0.6)) * width / size
    radius = np.sqrt(down**2 + across**2)
    angle = np.arctan2(down, across).astype(np.float32)
    grain = clouds(rng, height, width, coarse=10, octaves=4)
    for ring, count in enumerate((13, 11, 8)):
        reach = (0.36, 0.28, 0.19)[ring] * rng.uniform(0.92, 1.08)
        turn = rng.uniform(0, 6.28)
        wave = np.abs(np.cos(count / 2 * (angle + turn)))
        edge = reach * (0.5 + 0.5 * wave**0.55)
        cover = np.clip((edge - radius) * size / 1.5, 0, 1)
        tone = np.clip(radius / reach, 0, 1)
        petal = gradient([outer * 0.72, outer, inner], tone)
        fold = 0.72 + 0.3 * wave**0.4 + 0.16 * (grain - 0.5) + 0.05 * np.cos(40 * angle)
        shadow = np.clip((edge * 1.08 - radius) * size / 14, 0, 1) * 0.45
        picture = over(over(picture, picture * 0.45, shadow), petal * fold[..., None], cover)
    seeds = clouds(rng, height, width, coarse=60, octaves=2)
    middle = np.clip((0.085 - radius) * size / 2, 0, 1)
    dome = (0.7 + 0.9 * (seeds - 0.5) + 0.4 * np.clip(1 - radius / 0.085, 0, 1))[..., None]
    return over(picture, np.clip(heart * dome, 0, 1), middle)


def _background(rng: np.random.Generator, height: int, width: int) -> Light:
    dark, light = map(rgb, LEAVES[rng.integers(len(LEAVES))])
    base = gradient([light * 1.15, light, dark], clouds(rng, height, width, coarse=2, octaves=3))
    lights = Image.new("L", (width, height))
    draw = ImageDraw.Draw(lights)
    for _ in range(26):
        cx, cy = rng.uniform(0, width), rng.uniform(0, height)
        r = min(height, width) * rng.uniform(0.015, 0.06)
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=int(rng.uniform(30, 130)))
    soft = lights.filter(ImageFilter.GaussianBlur(min(height, width) / 170))
    return over(base, rgb("fff6d0"), np.asarray(soft, np.float32) / 255)
