"""A skyline at dusk with its lights in the water."""

import numpy as np

from reference.miner.pictures.kinds import Light
from reference.miner.pictures.tools import clouds, glow, gradient, grid, over, rgb

DUSKS = (
    ("3d4f8f", "b56e9a", "ffc08a", "2a2c4e"),
    ("2f5d7c", "8fb4b0", "ffe0a8", "2c3a4a"),
    ("5a3f7d", "d9718a", "ffd09a", "352748"),
)


def city(rng: np.random.Generator, height: int, width: int) -> Light:
    """Three rows of houses, nearer ones darker and with more windows lit."""
    top, middle, low, dark = map(rgb, DUSKS[rng.integers(len(DUSKS))])
    shore = round(height * rng.uniform(0.68, 0.76))
    y, x = grid(shore, width)
    picture = np.repeat(gradient([top, middle, low], y[:, 0])[:, None, :], width, axis=1)
    shine = glow(y, x, (0.95, float(rng.uniform(0.25, 0.75))), 0.5, width / height)
    picture = over(picture, rgb("fff0c8"), 0.6 * shine)
    mist = clouds(rng, shore, width, coarse=3, octaves=5, stretch=3)
    picture = over(picture, low, np.clip(mist - 0.55, 0, 1) * 1.4 * (1 - y))
    for row in range(3):
        colour = low + (dark - low) * (0.45 + 0.27 * row)
        picture = _houses(rng, picture, colour, (0.62, 0.5, 0.36)[row], row)
    return np.concatenate([picture, _water(rng, picture, height - shore, dark)])


def _houses(
    rng: np.random.Generator, picture: Light, colour: Light, tallest: float, row: int
) -> Light:
    height, width, _ = picture.shape
    picture = picture.copy()
    left = -rng.uniform(0, 0.05) * width
    while left < width:
        wide = width * rng.uniform(0.035, 0.085) * (1 + 0.25 * row)
        tall = height * tallest * rng.uniform(0.35, 1.0)
        a, b, roof = max(0, int(left)), min(width, int(left + wide)), int(height - tall)
        if b > a:
            picture[roof:, a:b] = colour * rng.uniform(0.88, 1.08)
            _windows(rng, picture[roof:, a:b], row)
            if rng.random() < 0.25:
                mast = (a + b) // 2
                picture[max(0, roof - int(0.08 * height)) : roof, mast : mast + 1] = colour
        left += wide * rng.uniform(0.9, 1.15)
    return picture


def _windows(rng: np.random.Generator, house: Light, row: int) -> None:
    """Light some windows of a house, in place."""
    cell = 5 + 2 * row
    rows, columns = house.shape[0] // cell, house.shape[1] // cell
    if not rows or not columns:
        return
    lit = rng.random((rows, columns)) < 0.16 + 0.12 * row
    tone = 0.6 + 0.4 * rng.random((rows, columns))
    field = np.kron((lit * tone).astype(np.float32), np.ones((cell, cell), np.float32))
    field[::cell] = 0
    field[:, ::cell] = 0
    field[1::cell] = 0
    part = house[: rows * cell, : columns * cell]
    part += field[..., None] * (rgb("ffd98a") - part)


def _water(rng: np.random.Generator, picture: Light, rows: int, dark: Light) -> Light:
    """The city upside down: stretched, darkened, torn by small waves."""
    height, width, _ = picture.shape
    far = np.arange(rows)
    sources = np.clip(height - 1 - (far * 1.6).astype(int), 0, height - 1)
    shift = np.cumsum(rng.normal(0, 1.3, rows)) * 0.4 + rng.normal(0, 1, rows) * (1 + far * 0.03)
    columns = np.clip(np.arange(width)[None, :] + shift.astype(int)[:, None], 0, width - 1)
    mirror = np.take_along_axis(picture[sources], columns[..., None], axis=1)
    ripples = clouds(rng, rows, width, coarse=8, octaves=4, stretch=6)
    wet = over(mirror * 0.9, dark * 1.3, np.full(mirror.shape[:2], 0.3, np.float32))
    return (wet + ((ripples - 0.5) * 0.16)[..., None]).astype(np.float32)
