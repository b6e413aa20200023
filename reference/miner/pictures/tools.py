"""What the scenes are made of: colours, gradients, clouds of noise, ridges. Sizes are in pixels,
light runs from 0 to 1, and y grows downwards."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from reference.miner.pictures.kinds import Light


def rgb(code: str) -> Light:
    """A colour from its hexadecimal code."""
    return np.frombuffer(bytes.fromhex(code), np.uint8).astype(np.float32) / 255


def grid(height: int, width: int) -> tuple[Light, Light]:
    """Coordinates from 0 to 1: y as a column, x as a row."""
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    return y, x


def smooth(value: Light, low: float, high: float) -> Light:
    """0 below ``low``, 1 above ``high``, and a soft curve between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    curve: Light = t * t * (3 - 2 * t)
    return curve


def over(below: Light, above: Light, cover: Light) -> Light:
    """``above`` laid over ``below`` where ``cover`` (height x width) is 1."""
    mixed: Light = below + (above - below) * cover[..., None]
    return mixed


def gradient(stops: Sequence[Light], along: Light) -> Light:
    """Colours spread evenly along 0 to 1."""
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(along, places, [stop[c] for stop in stops]) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def enlarge(small: Light, height: int, width: int) -> Light:
    """A field of values at another size, bicubic."""
    image = Image.fromarray(small.astype(np.float32), "F")
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def clouds(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    coarse: float = 4,
    octaves: int = 5,
    stretch: float = 1.0,
) -> Light:
    """Fractal noise around 0.5, from ``coarse`` blobs across the picture to finer ones;
    ``stretch`` makes them that much wider than high."""
    total = np.zeros((height, width), np.float32)
    weight = 1.0
    for octave in range(octaves):
        cells = coarse * 2**octave
        shape = (max(2, round(cells * stretch)), max(2, round(cells)))
        shape = (min(shape[0], height), min(shape[1], width))
        total += weight * enlarge(rng.random(shape, np.float32) - 0.5, height, width)
        weight *= 0.5
    return 0.5 + total * 0.8


def line(rng: np.random.Generator, width: int, *, coarse: int = 3, octaves: int = 6) -> Light:
    """A rough line around 0, as of a ridge."""
    total = np.zeros(width, np.float32)
    x = np.linspace(0, 1, width)
    weight = 0.5
    for octave in range(octaves):
        cells = coarse * 2**octave
        heights = rng.random(cells + 1) - 0.5
        total += (weight * np.interp(x, np.linspace(0, 1, cells + 1), heights)).astype(np.float32)
        weight *= 0.5
    return total


def below(edge: Light, height: int) -> Light:
    """1 where a pixel lies below the edge (in pixels for each column), with a soft border."""
    rows = np.arange(height, dtype=np.float32)[:, None]
    return np.clip(rows - edge[None, :] + 0.5, 0, 1)


def glow(y: Light, x: Light, at: tuple[float, float], size: float, aspect: float = 1.0) -> Light:
    """A round light at (y, x), 1 in its middle."""
    distance = ((x - at[1]) * aspect) ** 2 + (y - at[0]) ** 2
    shine: Light = np.exp(-distance / size**2)
    return shine
