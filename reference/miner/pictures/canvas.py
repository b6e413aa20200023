"""From noise to picture in steps. The same task gives the same pixels in every process."""

import numpy as np
from PIL import Image, UnidentifiedImageError

from reference.miner.messages import Task
from reference.miner.pictures.city import city
from reference.miner.pictures.flat import flat
from reference.miner.pictures.flowers import flowers
from reference.miner.pictures.kinds import Light, Pixels, chance, kind_of
from reference.miner.pictures.looks import LOOKS
from reference.miner.pictures.outdoors import landscape, night, sea
from reference.miner.pictures.portrait import portrait

SKETCH = 512  # the scene is drawn at most this large, then enlarged; grain comes at full size
UPDATES = 6  # how often the canvas really changes, however many steps there are
SCENES = {
    "landscape": landscape,
    "sea": sea,
    "night": night,
    "city": city,
    "flat": flat,
    "flowers": flowers,
}
SMOOTH = frozenset({"flat", "night"})


class Canvas:
    """A picture on its way: pure noise before the first step, finished after the last.

    Raises ValueError when the picture to start from cannot be read.
    """

    def __init__(self, task: Task) -> None:
        self._steps = task.steps
        self._done = 0
        kind = kind_of(task.prompt)
        rng = chance(task.prompt, task.seed, task.width, task.height)
        sketch = _scene(kind, rng, task)
        if task.lora is not None:
            sketch = LOOKS[task.lora](sketch)
        shape = (task.height, task.width, 3)
        self._picture = Image.fromarray(_grained(rng, _enlarged(sketch, task), kind in SMOOTH))
        noise = np.frombuffer(rng.bytes(task.height * task.width * 3), np.uint8).reshape(shape)
        self._noise = Image.fromarray(noise)
        self._state = self._noise

    def step(self, number: int) -> None:
        """Do step ``number``, counted from 1: a bit less noise, a bit more picture."""
        done = number * UPDATES // self._steps
        if done > self._done:
            self._done = done
            share = done / UPDATES
            last = done >= UPDATES
            self._state = self._picture if last else Image.blend(self._noise, self._picture, share)

    def pixels(self) -> Pixels:
        """What is on the canvas now; the array is the caller's own."""
        return np.array(self._state)


def whole(prompt: str, seed: int, side: int, lora: str | None = None) -> Pixels:
    """The finished picture of a square job, painted in one step: rows x columns x RGB."""
    task = Task(
        key="",
        prompt=prompt,
        width=side,
        height=side,
        steps=1,
        guidance=7.0,
        seed=seed,
        path="",
        seconds=0.0,
        lora=lora,
    )
    canvas = Canvas(task)
    canvas.step(1)
    return canvas.pixels()


def _scene(kind: str, rng: np.random.Generator, task: Task) -> Light:
    scale = min(1.0, SKETCH / max(task.width, task.height))
    height, width = max(16, round(task.height * scale)), max(16, round(task.width * scale))
    if kind == "portrait":
        picture = portrait(rng, height, width, task.prompt)
    else:
        picture = SCENES[kind](rng, height, width)
    if task.source is not None:
        picture = 0.4 * picture + 0.6 * _source(task.source, height, width)
    vivid: Light = np.clip((picture - 0.5) * (0.9 + task.guidance / 70) + 0.5, 0, 1)
    return vivid


def _source(path: str, height: int, width: int) -> Light:
    try:
        with Image.open(path) as image:
            small = image.convert("RGB").resize((width, height))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"the picture to edit cannot be read: {error}") from error
    return np.asarray(small, np.float32) / 255


def _enlarged(sketch: Light, task: Task) -> Pixels:
    small = Image.fromarray((np.clip(sketch, 0, 1) * 255).astype(np.uint8))
    return np.asarray(small.resize((task.width, task.height), Image.Resampling.BICUBIC))


def _grained(rng: np.random.Generator, pixels: Pixels, fine: bool) -> Pixels:
    """Film grain of up to 7 levels, or paper of one level for what is drawn flat."""
    noise = np.frombuffer(rng.bytes(pixels.size), np.uint8).reshape(pixels.shape)
    mask, shift = (1, 1) if fine else (7, 3)
    grain = (noise & mask).astype(np.int16) + ((noise >> shift) & mask) - mask
    grained: Pixels = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    return grained
