"""How often a look accuses sound pictures that resemble damage.

    python -m benchmarks.pictures_lookalikes [--quick]

Fine patterns, halftones, dithering, film grain, night skies, fog, gradients with noise, grids,
screens and slabs of one tone, soft blotches, drawn here from seeds, from 96 to 1024 pixels.
"""

import argparse
from collections import Counter
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from asyncproof.images.single import look

SIZES = (96, 256, 512, 1024)
Drawing = Callable[[int, np.random.Generator], np.ndarray]
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])


def clouds(side: int, rng: np.random.Generator, finest: int = 8, tint: float = 0.3) -> np.ndarray:
    """Value noise of several octaves: sky, stone, moss."""
    levels = np.full((side, side, 3), 125.0)
    octave = side
    while octave >= finest:
        count = max(2, side // octave)
        grey = rng.normal(0, 1, (count, count, 1))
        grid = (grey + tint * rng.normal(0, 1, (count, count, 3))) * 30
        levels += np.dstack([_scaled(grid[:, :, c], side) for c in range(3)])
        octave //= 2
    return levels


def _scaled(grid: np.ndarray, side: int) -> np.ndarray:
    image = Image.fromarray(grid.astype(np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))


def _softened(values: np.ndarray) -> np.ndarray:
    """Level edges as a lens draws them; one that is sharp to the pixel is a seam."""
    above, below = np.roll(values, 1, axis=0), np.roll(values, -1, axis=0)
    return (above + 2 * values + below) / 4


def _levels(values: np.ndarray) -> np.ndarray:
    return values.round().clip(0, 255).astype(np.uint8)


def pattern(side: int, rng: np.random.Generator) -> np.ndarray:
    """Checks, stripes, dots or a weave, a few pixels wide."""
    y, x = np.mgrid[0:side, 0:side]
    step = int(rng.integers(1, 12))
    drawn = (
        (x // step + y // step) % 2,
        (y // step) % 2,
        (x % (2 * step + 2) < step) & (y % (2 * step + 2) < step),
        np.sin(x * np.pi / step) * np.sin(y * np.pi / step + x / 9) / 2 + 0.5,
    )[rng.integers(4)]
    one, other = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    mixed = one + (other - one) * np.asarray(drawn, float)[:, :, None]
    return _levels(mixed + rng.normal(0, rng.choice([0, 1, 6]), mixed.shape))


def halftone(side: int, rng: np.random.Generator) -> np.ndarray:
    """Round dots on a grid, by the lightness of a cloudy picture."""
    y, x = np.mgrid[0:side, 0:side]
    step = int(rng.integers(3, 14))
    away = np.hypot(y % step - step / 2, x % step - step / 2)
    ink = np.clip(clouds(side, rng).mean(axis=2) / 255 * step * 0.7 - away + 0.5, 0, 1)
    paper, colour = rng.uniform(200, 256, 3), rng.uniform(0, 120, 3)
    return _levels(paper + (colour - paper) * ink[:, :, None])


def dithered(side: int, rng: np.random.Generator) -> np.ndarray:
    """A cloudy picture in few colours, by error diffusion or by an ordered matrix."""
    picture = Image.fromarray(_levels(clouds(side, rng)))
    if rng.random() < 0.5:
        mode = "1" if rng.random() < 0.5 else "P"
        options = {} if mode == "1" else {"palette": Image.Palette.ADAPTIVE, "colors": 6}
        return np.asarray(picture.convert(mode, **options).convert("RGB"))
    bound = np.tile(BAYER * 16 + 8, (side // 4 + 1, side // 4 + 1))[:side, :side, None]
    return np.where(np.asarray(picture) > bound, 255, 0).astype(np.uint8)


def grain(side: int, rng: np.random.Generator) -> np.ndarray:
    """Film: a soft scene under strong grain of one to four pixels, hardly coloured."""
    noise = rng.normal(0, 1, (side, side, 1)) + rng.uniform(0, 0.4) * rng.normal(
        0, 1, (side, side, 3)
    )
    image = Image.fromarray(_levels(128 + 40 * noise))
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 4))), float) - 128
    return _levels(clouds(side, rng, finest=side // 4) + soft * rng.uniform(0.5, 3))


def blotches(side: int, rng: np.random.Generator) -> np.ndarray:
    """Stone, moss, foliage: clouds down to a few pixels."""
    return _levels(clouds(side, rng, int(rng.choice([2, 4, 8])), float(rng.uniform(0, 0.5))))


def night(side: int, rng: np.random.Generator) -> np.ndarray:
    """Stars over a black ground that is not exactly black."""
    sky = np.zeros((side, side, 3)) + np.linspace(10, 40, side)[:, None, None]
    at = rng.integers(0, side, (2, side))
    sky[at[0], at[1]] = rng.uniform(60, 255, (side, 1))
    sky[int(side * rng.uniform(0.5, 0.9)) :] = rng.uniform(0, 8, 3)
    sky = _softened(sky)
    return _levels(sky + rng.normal(0, 0.8, sky.shape))


def ground(side: int, rng: np.random.Generator) -> np.ndarray:
    """A plain floor, snow or lake below a level edge, any colour, with the grain of a decoder."""
    picture = clouds(side, rng)
    plain = rng.uniform(0, 255) + rng.uniform(-50, 50, 3)
    picture[int(side * rng.uniform(0.4, 0.85)) :] = plain
    picture = _softened(picture)
    return _levels(picture + rng.normal(0, 0.8, picture.shape))


def screen(side: int, rng: np.random.Generator) -> np.ndarray:
    """A picture with a switched-off screen or a sheet of paper in it."""
    picture = Image.fromarray(_levels(clouds(side, rng)))
    left, top = (int(v) for v in rng.integers(side // 10, side // 3, 2))
    right, bottom = (int(v) for v in rng.integers(side // 2, side * 9 // 10, 2))
    level = int(rng.choice([8, 20, 60, 240]))
    ImageDraw.Draw(picture).rectangle((left, top, right, bottom), fill=(level,) * 3)
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 3))), float)
    return _levels(soft + rng.normal(0, 0.7, soft.shape))


def fog(side: int, rng: np.random.Generator) -> np.ndarray:
    """Hardly anything to see, one side brighter, with noise."""
    slope = np.linspace(0, rng.uniform(10, 90), side)[:: rng.choice([-1, 1]), None, None]
    faint = (clouds(side, rng, side // 4) - 125) * rng.uniform(0.05, 0.3)
    tone = rng.uniform(60, 160) + rng.uniform(-15, 15, 3)
    return _levels(tone + slope + faint + rng.normal(0, rng.uniform(0.5, 12), faint.shape))


def paper(side: int, rng: np.random.Generator) -> np.ndarray:
    """Graph paper, ruled paper, tables and music, with some writing."""
    sheet = Image.new("RGB", (side, side), (255, 255, 255))
    pen, step = ImageDraw.Draw(sheet), int(rng.integers(4, 40))
    ink = tuple(int(v) for v in rng.integers(0, 220, 3))
    for at in range(0, side, step):
        pen.line((0, at, side, at), fill=ink)
        if rng.random() < 0.8:
            pen.line((at, 0, at, side), fill=ink)
    for _ in range(side // 4):
        x, y = (int(v) for v in rng.integers(0, side, 2))
        pen.text((x, y), "sphinx of quartz", fill=(0, 0, 0))
    return np.asarray(sheet)


def desktop(side: int, rng: np.random.Generator) -> np.ndarray:
    """Windows with bars and text over a plain or cloudy background."""
    back = clouds(side, rng) if rng.random() < 0.5 else np.full((side, side, 3), 90.0)
    image = Image.fromarray(_levels(back))
    pen = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = (int(v) for v in rng.integers(0, side * 2 // 3, 2))
        w, h = (int(v) for v in rng.integers(side // 6, side // 2, 2))
        shade = int(rng.integers(30, 256))
        pen.rectangle((x, y, x + w, y + h), fill=(shade,) * 3, outline=(0, 0, 0))
        for line in range(y + 6, y + h - 12, 14):
            pen.text((x + 4, line), "the quick brown fox jumps over"[: w // 7], fill=(128, 40, 40))
    return np.asarray(image)


CLASSES: dict[str, Drawing] = {
    drawing.__name__: drawing
    for drawing in (
        pattern,
        halftone,
        dithered,
        grain,
        blotches,
        night,
        ground,
        screen,
        fog,
        paper,
        desktop,
    )
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer pictures")
    rounds = (12, 10, 6, 2) if parser.parse_args().quick else (60, 60, 40, 20)
    accused = total = 0
    for number, (name, drawing) in enumerate(CLASSES.items()):
        signs: Counter[str] = Counter()
        for size, count in zip(SIZES, rounds, strict=True):
            for seed in range(count):
                found = look(drawing(size, np.random.default_rng([number, size, seed])))
                signs.update({str(suspicion.sign) for suspicion in found[:1]})
                if found:
                    print(f"  accused: {name} {size} number {seed}: {found[0].reason}")
        total, accused = total + sum(rounds), accused + signs.total()
        print(
            f"{name:<10} {signs.total()} of {sum(rounds)} accused {dict(signs) or ''}", flush=True
        )
    print(f"ratio alone-false-alarms-lookalikes {accused / total:.4f}")


if __name__ == "__main__":
    main()
