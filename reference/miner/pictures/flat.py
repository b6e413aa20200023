"""A flat illustration: few colours, clean edges."""

import numpy as np
from PIL import Image, ImageDraw

from reference.miner.pictures.kinds import Light
from reference.miner.pictures.tools import line

PALETTES = (
    ("f7d9c4", "f28f6b", "fbe8a6", "d96c5f", "8f4a5e", "53395c", "2f2d4f"),
    ("d7ecee", "8ecae6", "ffe8b0", "5fa8b8", "3f7f8f", "2f5f73", "1f3f56"),
    ("e9f0d0", "c2d98f", "fff3c4", "8fb96a", "5f9460", "3f7055", "2a4f48"),
)


def flat(rng: np.random.Generator, height: int, width: int) -> Light:
    """A sun in rings, hills, trees like lollipops and firs, some long clouds."""
    colours = [f"#{code}" for code in PALETTES[rng.integers(len(PALETTES))]]
    tall, wide = 2 * height, 2 * width
    image = Image.new("RGB", (wide, tall), colours[0])
    draw = ImageDraw.Draw(image, "RGBA")
    _sun(rng, draw, tall, wide, colours)
    for _ in range(4):
        _cloud(rng, draw, tall, wide)
    for layer in range(4):
        _hill(rng, draw, tall, wide, layer=layer, colour=colours[3 + layer])
    small = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 255


def _sun(
    rng: np.random.Generator, draw: ImageDraw.ImageDraw, tall: int, wide: int, colours: list[str]
) -> None:
    cx, cy = wide * rng.uniform(0.25, 0.75), tall * rng.uniform(0.25, 0.4)
    for share, alpha in ((0.34, 50), (0.26, 80), (0.19, 120), (0.13, 255)):
        r = share * min(tall, wide)
        code = colours[2] if alpha == 255 else colours[1]
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=f"{code}{alpha:02x}")


def _cloud(rng: np.random.Generator, draw: ImageDraw.ImageDraw, tall: int, wide: int) -> None:
    left, top = wide * rng.uniform(-0.1, 0.85), tall * rng.uniform(0.05, 0.36)
    long, thick = wide * rng.uniform(0.15, 0.3), tall * 0.025
    for row in range(3):
        inset = (0.2, 0.0, 0.12)[row] * long
        box = (left + inset, top + row * thick, left + long - inset * 0.6, top + (row + 1) * thick)
        draw.rounded_rectangle(box, radius=thick / 2, fill="#ffffffb0")


def _hill(
    rng: np.random.Generator,
    draw: ImageDraw.ImageDraw,
    tall: int,
    wide: int,
    *,
    layer: int,
    colour: str,
) -> None:
    count = 60
    x = np.linspace(0, wide, count)
    bend = np.sin(np.linspace(0, rng.uniform(3, 7), count) + rng.uniform(0, 6))
    ridge = bend * 0.045 + line(rng, count, coarse=3, octaves=1) * (0.16 - 0.05 * layer)
    y = (0.5 + 0.13 * layer + ridge) * tall
    outline = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    for at in rng.integers(1, count - 1, 5 * layer):
        _tree(rng, draw, outline[int(at)], tall * (0.03 + 0.022 * layer), colour)
    draw.polygon([*outline, (wide, tall), (0, tall)], fill=colour)


def _tree(
    rng: np.random.Generator,
    draw: ImageDraw.ImageDraw,
    foot: tuple[float, float],
    size: float,
    colour: str,
) -> None:
    x, y = foot
    if rng.random() < 0.5:
        for part in range(3):
            half, top = size * (0.5 - 0.12 * part), y - size * (0.7 + 0.6 * part)
            draw.polygon(
                [(x - half, top + 0.8 * size), (x + half, top + 0.8 * size), (x, top)], fill=colour
            )
        return
    draw.rectangle((x - size * 0.06, y - size * 1.2, x + size * 0.06, y + size), fill=colour)
    draw.ellipse((x - size * 0.5, y - size * 2, x + size * 0.5, y - size * 0.8), fill=colour)
