"""Landscapes, seas and night skies."""

import numpy as np

from reference.miner.pictures.kinds import Light
from reference.miner.pictures.tools import (
    below,
    clouds,
    enlarge,
    glow,
    gradient,
    grid,
    line,
    over,
    rgb,
    smooth,
)

HOURS = (
    ("3a6ea8", "9cc4e4", "f6e7c8", "2d4a36", "fff4d6"),
    ("26477f", "e59a86", "fbd9a0", "2b2f4a", "ffe2b0"),
    ("5b8fb9", "b9d7e8", "eef3ee", "35583a", "ffffff"),
    ("4b4a86", "d98ba4", "fde0c2", "33304f", "ffd9c0"),
    ("6fa3a5", "cfe3d4", "fbf0cf", "4a4a22", "fff2c4"),
)
"""Sky above, sky in the middle, horizon, near ground, sun: one row for each hour of the day."""


def landscape(rng: np.random.Generator, height: int, width: int) -> Light:
    """Mountains in haze, firs, and more often than not a lake in front of them."""
    top, middle, horizon, ground, sun = map(rgb, HOURS[rng.integers(len(HOURS))])
    picture = _sky(rng, height, width, (top, middle, horizon), sun)
    layers = 5
    start = rng.uniform(0.38, 0.5)
    for layer in range(layers):
        depth = (layer + 1) / layers
        rough = line(rng, width, coarse=2 + layer, octaves=7) * (0.34 - 0.2 * depth)
        edge = (start + 0.42 * depth**1.4 - 0.1 + rough) * height
        firs = _firs(rng, width, height, depth) if depth > 0.5 else np.zeros(width, np.float32)
        tone = horizon + (ground - horizon) * depth
        picture = _ridge(rng, picture, edge, firs=firs, tone=tone, haze=horizon)
    return _lake(rng, picture, top) if rng.random() < 0.65 else picture


def sea(rng: np.random.Generator, height: int, width: int) -> Light:
    """Open water with a low sun."""
    top, middle, horizon, _, sun = map(rgb, HOURS[rng.integers(len(HOURS))])
    shore = rng.uniform(0.45, 0.6)
    rows = round(shore * height)
    at = (float(rng.uniform(0.6, 0.95)), float(rng.uniform(0.2, 0.8)))
    sky = _sky(rng, rows, width, (top, middle, horizon), sun, at=at)
    y, x = grid(height - rows, width)
    water = gradient([(horizon + middle) * 0.42, top * 0.75, top * 0.42], y[:, 0])[:, None, :]
    waves = _waves(rng, height - rows, width)
    path = np.exp(-(((x - at[1]) / (0.04 + 0.16 * y)) ** 2))
    shine = np.clip(waves * 1.5 - 0.55, 0, 1) * (0.25 + 0.95 * path)
    wet = water * (0.78 + 0.5 * waves[..., None]) + shine[..., None] * sun
    return _sail(rng, np.concatenate([sky, wet.astype(np.float32)]), rows)


def night(rng: np.random.Generator, height: int, width: int) -> Light:
    """Stars over dark hills: mostly black, as such pictures are."""
    y, x = grid(height, width)
    sky = gradient([rgb("020306"), rgb("030408"), rgb("05070d")], y[:, 0])[:, None, :]
    slope = rng.uniform(-0.8, 0.8)
    band = np.exp(-(((y - 0.45 - slope * (x - 0.5)) / 0.16) ** 2))
    mist = clouds(rng, height, width, coarse=5, octaves=6)
    milky = band * np.clip(mist - 0.42, 0, 1)
    picture = sky + milky[..., None] * rgb("5a6390") * 1.1
    picture = picture + _stars(rng, height, width, band)[..., None] * rgb("f3f1ff")
    edge = (0.86 + line(rng, width, coarse=3) * 0.12) * height
    return over(picture.astype(np.float32), rgb("020203"), below(edge, height))


def _sky(
    rng: np.random.Generator,
    height: int,
    width: int,
    stops: tuple[Light, Light, Light],
    sun: Light,
    *,
    at: tuple[float, float] | None = None,
) -> Light:
    y, x = grid(height, width)
    at = at or (float(rng.uniform(0.15, 0.42)), float(rng.uniform(0.15, 0.85)))
    fade = y[:, 0] if at[0] > 0.5 else np.clip(y[:, 0] * 1.9, 0, 1)
    picture = np.repeat(gradient(stops, fade)[:, None, :], width, axis=1)
    aspect = width / height
    puffs = clouds(rng, height, width, coarse=3, octaves=6, stretch=2.2)
    cover = smooth(puffs, 0.5, 0.85) * smooth(1 - y, 0.0, 0.5)
    shade = clouds(rng, height, width, coarse=5, octaves=3, stretch=2)
    lit = stops[2] * 0.35 + 0.65 - (0.28 * shade)[..., None]
    picture = over(picture, lit, 0.85 * cover)
    shine = 0.5 * glow(y, x, at, 0.35, aspect) + 0.5 * glow(y, x, at, 0.12, aspect)
    picture = over(picture, sun, np.clip(0.8 * shine, 0, 1))
    disc = smooth(glow(y, x, at, 0.05, aspect), 0.35, 0.5)
    return over(picture, np.minimum(sun * 1.1, 1), disc)


def _ridge(
    rng: np.random.Generator, picture: Light, edge: Light, *, firs: Light, tone: Light, haze: Light
) -> Light:
    height, width, _ = picture.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    deep = np.clip((rows - edge[None, :]) / (0.25 * height), 0, 1)
    texture = clouds(rng, height, width, coarse=14, octaves=4)
    light = tone * (0.72 + 0.56 * texture)[..., None]
    return over(picture, over(light, haze, 0.5 * deep), below(edge - firs, height))


def _firs(rng: np.random.Generator, width: int, height: int, depth: float) -> Light:
    """How far the tops of a row of firs stand above their ground, in pixels."""
    x = np.arange(width, dtype=np.float32)
    tops = np.zeros(width, np.float32)
    size = 0.065 * height * depth**2
    for _ in range(int(46 / depth)):
        middle, tall = rng.uniform(0, width), size * rng.uniform(0.5, 1.5)
        away = np.abs(x - middle) / (0.2 * tall + 0.5)
        tops = np.maximum(tops, tall * (1 - away) + 0.12 * tall * (np.floor(away * 5) % 2))
    return np.clip(tops, 0, None)


def _lake(rng: np.random.Generator, picture: Light, tint: Light) -> Light:
    """The lower part becomes a mirror of what is above, broken by ripples."""
    height, width, _ = picture.shape
    shore = round(height * rng.uniform(0.72, 0.8))
    rows = np.arange(height - shore)
    stretch = 1.9
    sources = np.clip(shore - 1 - (rows * stretch).astype(int), 0, height - 1)
    mirror = picture[sources]
    shift = (line(rng, len(rows), coarse=max(2, len(rows) // 5), octaves=3) * rows * 0.12).astype(
        int
    )
    columns = np.clip(np.arange(width)[None, :] + shift[:, None], 0, width - 1)
    mirror = np.take_along_axis(mirror, columns[..., None], axis=1)
    ripples = clouds(rng, len(rows), width, coarse=5, octaves=4, stretch=6)
    wet = over(mirror * 0.86, tint, np.full(mirror.shape[:2], 0.18, np.float32))
    wet = wet + ((ripples - 0.5) * 0.14)[..., None]
    lake = picture.copy()
    lake[shore:] = wet
    return lake


def _waves(rng: np.random.Generator, height: int, width: int) -> Light:
    """Crests that get larger towards the viewer."""
    rows = np.linspace(0, 1, height) ** 0.45
    flat = clouds(rng, 256, 128, coarse=7, octaves=5, stretch=6)
    near = flat[(rows * 255).astype(int)]
    tall = enlarge(near, height, width)
    crests: Light = np.clip(0.5 + (tall - 0.5) * 1.5, 0, 1.2)
    return crests


def _sail(rng: np.random.Generator, picture: Light, horizon: int) -> Light:
    """A small boat, so that the eye has something to hold on to."""
    height, width, _ = picture.shape
    tall = height * rng.uniform(0.06, 0.13)
    foot, mast = horizon + 0.25 * tall, width * rng.uniform(0.2, 0.8)
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None, :]
    up = (foot - rows) / tall
    side = (columns - mast) / tall
    sail = (up > 0.08) & (up < 1) & (side > -0.02) & (side < 0.42 * (1 - up))
    jib = (up > 0.08) & (up < 0.8) & (side < -0.05) & (side > -0.3 * (0.8 - up) - 0.05)
    hull = (up <= 0.04) & (up > -0.12) & (np.abs(side) < 0.42 + up)
    picture = over(picture, rgb("fbf6ec"), (sail | jib).astype(np.float32))
    return over(picture, rgb("3b2a2e"), hull.astype(np.float32))


def _stars(rng: np.random.Generator, height: int, width: int, band: Light) -> Light:
    field = rng.random((height, width), np.float32)
    bright = rng.random((height, width), np.float32) ** 6
    return np.where(field > 0.9965 - 0.012 * band, 0.25 + bright, 0).astype(np.float32)
