"""The same picture as an engine gives it whose sums follow what else is in the batch.

In half precision the order of additions depends on the batch, and twenty steps make a visible
change of a rounding error: hair and leaves lie otherwise, edges are a pixel or two further, the
light is a little other. What the picture shows stays where it is.
"""

import numpy as np

from reference.miner.pictures.kinds import Light, Pixels
from reference.miner.pictures.tools import enlarge

MOST_MOVED = 3.0  # pixels, at strength 1
MOST_TONE = 0.03  # of the light
NOISE = 0.3  # of the deviation of the texture around
BLOB = 160  # pixels between the places whose drift is independent, in a large picture
LEAST_BLOBS = 3
FAINT = 16.0  # levels that texture is made of; what is stronger is an edge
FINE = 2  # pixels to each side that make the difference between texture and form
NEAR = 4  # pixels to each side that texture is measured over


def drifted(picture: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    """The picture with edges moved by up to 3 pixels, tone by up to 3 %, noise where there is
    texture, and the texture itself exchanged in soft-edged areas; ``strength`` from 0 to 1."""
    light = _moved(picture.astype(np.float32), strength, rng)
    texture = (light - _blurred(light, FINE)).clip(-FAINT, FAINT)
    form = light - texture
    spread = np.sqrt(_blurred((texture**2).mean(axis=2), NEAR))[..., None]
    share = _exchanged(picture.shape[:2], strength, rng)[..., None]
    other = spread * _like_texture(picture.shape[:2], rng)[..., None]
    texture = np.sqrt(1 - share**2) * texture + share * other
    texture += strength * NOISE * spread * _white(picture.shape[:2], rng)[..., None]
    tone = 1 + strength * MOST_TONE * _field(picture.shape[:2], rng)[..., None]
    found: Pixels = ((form + texture) * tone).round().clip(0, 255).astype(np.uint8)
    return found


def _field(shape: tuple[int, ...], rng: np.random.Generator) -> Light:
    """A smooth field between -1 and 1."""
    rows, columns = (max(LEAST_BLOBS, side // BLOB) + 1 for side in shape)
    return np.clip(enlarge(rng.uniform(-1, 1, (rows, columns)), *shape), -1, 1)


def _exchanged(shape: tuple[int, ...], strength: float, rng: np.random.Generator) -> Light:
    """How much of the texture is another one: none in most places, all of it in some."""
    share: Light = np.clip(1.5 * _field(shape, rng) + strength - 0.5, 0, 1)
    return share


def _like_texture(shape: tuple[int, ...], rng: np.random.Generator) -> Light:
    """Noise as fine as texture is, of a deviation of 1."""
    grain = _blurred(_white(shape, rng), 1)
    grain = grain - _blurred(grain, FINE)
    scaled: Light = grain / grain.std()
    return scaled


def _white(shape: tuple[int, ...], rng: np.random.Generator) -> Light:
    return rng.standard_normal(shape, np.float32)


def _moved(light: Light, strength: float, rng: np.random.Generator) -> Light:
    """Each pixel taken from up to ``MOST_MOVED`` pixels away; from a whole pixel, since a mean of
    neighbours would be smoother than the picture is."""
    shape = light.shape[:2]
    y, x = (
        np.arange(side, dtype=np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        + strength * MOST_MOVED / np.sqrt(2) * _field(shape, rng)
        for axis, side in enumerate(shape)
    )
    rows, columns = (
        places.round().astype(np.int32).clip(0, side - 1)
        for places, side in zip((y, x), shape, strict=True)
    )
    moved: Light = light[rows, columns]
    return moved


def _blurred(light: Light, reach: int) -> Light:
    """The mean of all pixels up to ``reach`` to each side, channel by channel."""
    for axis in (0, 1):
        light = np.moveaxis(_means(np.moveaxis(light, axis, 0), reach), 0, axis)
    return light


def _means(lines: Light, reach: int) -> Light:
    edges = ((reach + 1, reach), *((0, 0),) * (lines.ndim - 1))
    sums = np.pad(lines, edges, mode="edge").cumsum(axis=0, dtype=np.float64)
    means: Light = ((sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)).astype(
        np.float32
    )
    return means
