"""Failures that are in every picture of a miner, each seen in a public thread about a well-known
tool. Each takes the picture as it should be and gives the one that arrives."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from reference.miner.pictures.kinds import Light, Pixels

Spoil = Callable[[Pixels], Pixels]
GAIN = 2.4
TILE = 64


@dataclass(frozen=True, slots=True)
class Systematic:
    """``name`` is how the checks tell it, ``thread`` where people met it."""

    name: str
    does: str
    thread: str
    spoil: Spoil


def swapped(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[..., ::-1])


def negative(pixels: Pixels) -> Pixels:
    return np.asarray(255 - pixels)


def washed_out(pixels: Pixels) -> Pixels:
    """From -1..1 to 0..1 once more, though it was done."""
    return _levels(_light(pixels) / 2 + 127.5)


def negative_half_lost(pixels: Pixels) -> Pixels:
    """-1..1 taken for 0..1: half of the tones are cut off."""
    return _levels(_light(pixels) * 2 - 255)


def overdriven(pixels: Pixels) -> Pixels:
    """The latents are decoded without being divided by their scaling factor."""
    return _levels((_light(pixels) - 127.5) * 5 + 127.5)


def underscaled(pixels: Pixels) -> Pixels:
    """The latents are divided by their scaling factor twice."""
    return _levels((_light(pixels) - 127.5) * 0.18 + 127.5)


def wrapped(pixels: Pixels) -> Pixels:
    """Cast to bytes without being clipped: what is beyond the end begins anew."""
    stretched = (_light(pixels) - 127.5) * 1.35 + 127.5
    return np.asarray(stretched.round().astype(np.int64) & 255).astype(np.uint8)


def quantised(pixels: Pixels) -> Pixels:
    """Rounded to sixteen levels, as in a type with too few bits."""
    return _levels((_light(pixels) / 17).round() * 17)


def few_colours(pixels: Pixels) -> Pixels:
    """Saved with a palette."""
    flat = Image.fromarray(pixels).quantize(64, dither=Image.Dither.NONE)
    return np.asarray(flat.convert("RGB"))


def blocky(pixels: Pixels) -> Pixels:
    """Packed as a poor JPEG on the way, then stored as PNG."""
    packed = BytesIO()
    Image.fromarray(pixels).save(packed, "JPEG", quality=12)
    return np.asarray(Image.open(packed).convert("RGB"))


def enlarged(times: int, how: Image.Resampling) -> Spoil:
    """Made at a part of its size and scaled up."""

    def spoil(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        size = max(1, width // times), max(1, height // times)
        small = Image.fromarray(pixels).resize(size, Image.Resampling.BOX)
        return np.asarray(small.resize((width, height), how))

    return spoil


def seams(pixels: Pixels) -> Pixels:
    """Decoded in tiles, each with a tone of its own."""
    light = _light(pixels)
    for row, top in enumerate(range(0, len(light), TILE)):
        for column, left in enumerate(range(0, light.shape[1], TILE)):
            light[top : top + TILE, left : left + TILE] += 9 * (-1) ** (row + column)
    return _levels(light)


def noise_left(pixels: Pixels) -> Pixels:
    """The last step is missing: what it would have taken out is still there."""
    rng = np.random.default_rng(pixels[::7, ::7].astype(np.int64).sum())
    return _levels(_light(pixels) + 16 * rng.standard_normal(pixels.shape))


def lattice(pixels: Pixels) -> Pixels:
    """A pattern of the patches of a transformer lies over all."""
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    dots = ((rows % 8 < 1) | (columns % 8 < 1))[..., None]
    return _levels(_light(pixels) + 7 * (dots - np.float32(0.25)))


def checkerboard(pixels: Pixels) -> Pixels:
    """A transposed convolution whose stride does not divide its kernel."""
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    light = ((rows + columns) % 2 == 0)[..., None]
    return _levels(_light(pixels) + np.where(light, 5, -5))


def colourless(pixels: Pixels) -> Pixels:
    """One channel is written three times."""
    return np.repeat(pixels[..., 1:2], 3, axis=2)


def sheared(pixels: Pixels) -> Pixels:
    """Rows are read as if each were two pixels longer than it is."""
    return np.stack([np.roll(row, 2 * number, axis=0) for number, row in enumerate(pixels)])


def planes(pixels: Pixels) -> Pixels:
    """Channels one after the other are read as pixels one after the other."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)).reshape(pixels.shape)


def upside_down(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[::-1])


def tinted(pixels: Pixels) -> Pixels:
    """One channel of the latents is off by a constant: all of it is green."""
    return _levels(_light(pixels) * np.array([0.55, 1.0, 0.5]) + np.array([0, 40, 0]))


def _light(pixels: Pixels) -> Light:
    return pixels.astype(np.float32)


def _levels(light: Light) -> Pixels:
    return np.asarray(light.round().clip(0, 255).astype(np.uint8))


SYSTEMATIC = (
    Systematic("swapped", "writes blue where red belongs", "deforum/sd-webui-deforum#8", swapped),
    Systematic("negative", "writes the negative", "LostRuins/koboldcpp#616", negative),
    Systematic(
        "washed-out", "brings -1..1 to 0..1 twice", "huggingface/diffusers#1882", washed_out
    ),
    Systematic(
        "half-lost", "takes -1..1 for 0..1", "openai/guided-diffusion#61", negative_half_lost
    ),
    Systematic(
        "overdriven",
        "decodes latents without their scaling factor",
        "huggingface/diffusers#5166",
        overdriven,
    ),
    Systematic(
        "underscaled", "divides latents by their scaling factor twice", "WZDTHU/TiM#8", underscaled
    ),
    Systematic("wrapped", "casts to bytes without clipping", "crowsonkb/k-diffusion#2", wrapped),
    Systematic(
        "quantised",
        "knows sixteen levels of each colour",
        "AUTOMATIC1111/stable-diffusion-webui#1402",
        quantised,
    ),
    Systematic("few-colours", "saves with a palette", "fedoradesign/backgrounds#56", few_colours),
    Systematic("blocky", "packs as a poor JPEG", "lowfuel/progrockdiffusion#97", blocky),
    Systematic(
        "enlarged",
        "makes pictures at half their size and scales them up",
        "adeptflax/motion-models#5",
        enlarged(2, Image.Resampling.BICUBIC),
    ),
    Systematic(
        "preview",
        "saves the preview of the latents, scaled up",
        "leejet/stable-diffusion.cpp#454",
        enlarged(8, Image.Resampling.BILINEAR),
    ),
    Systematic(
        "squares",
        "scales the preview up by repeating its pixels",
        "leejet/stable-diffusion.cpp#454",
        enlarged(8, Image.Resampling.NEAREST),
    ),
    Systematic("seams", "decodes in tiles that do not fit", "Comfy-Org/ComfyUI#163", seams),
    Systematic("noise-left", "leaves the last step out", "huggingface/diffusers#5689", noise_left),
    Systematic("lattice", "lays a grid over all", "black-forest-labs/flux#406", lattice),
    Systematic("checkerboard", "lays a checkerboard over all", "HsinYingLee/DRIT#36", checkerboard),
    Systematic(
        "colourless",
        "writes one channel three times",
        "AUTOMATIC1111/stable-diffusion-webui#11316",
        colourless,
    ),
    Systematic(
        "sheared",
        "reads rows as if they were longer",
        "AUTOMATIC1111/stable-diffusion-webui#8899",
        sheared,
    ),
    Systematic("planes", "takes planes for pixels", "nperraud/download-celebA-HQ#8", planes),
    Systematic("upside-down", "turns it over", "googlecolab/colabtools#3442", upside_down),
    Systematic(
        "tinted",
        "decodes with one channel of the latents off",
        "EeroHeikkinen/ComfyUI-eesahesNodes#10",
        tinted,
    ),
)
"""In an order that stays: a fault is chosen by its number, from 1."""
