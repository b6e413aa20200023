"""Whether a region that differs from the quiet twin is found and located, and nothing else is.

    python -m benchmarks.pictures_twin [--quick]

Miners that are exact, that shake each sample by up to two levels, and that drift by up to two
levels in slow waves. Damage of 0.1 % to half of the picture, of any shape, with many contents; at
least half of it differs visibly: nothing could locate black on a night sky. Then clean pairs of
every kind.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from asyncproof.images.pixels import Pixels, distance_map
from asyncproof.images.reference.comparison import Difference
from asyncproof.images.reference.judgement import Tolerance, judge
from asyncproof.images.reference.repeatability import Repeatability, learn_repeatability
from asyncproof.images.region import Mask, Region, enclosing
from benchmarks.pictures_corpus import (
    SIDE,
    Clean,
    clean_set,
    png_bytes,
    reference_pictures,
    sources,
)

NEAR = 8  # pixels
SEEN = 8  # levels
LEAST, MOST = 0.001, 0.5  # of the picture
PAIRS = 5  # made in quiet, as STRESS_TEST_TWINS has it
LEVELS = 2
Chance: TypeAlias = np.random.Generator
Shape: TypeAlias = Callable[[np.random.Generator], list[Mask]]


def exact(picture: Pixels, _rng: Chance) -> Pixels:
    """The same again."""
    return picture


def shaken(picture: Pixels, rng: Chance) -> Pixels:
    """As hardware that adds in another order gives it."""
    return _moved(picture, rng.integers(-LEVELS, LEVELS + 1, picture.shape, np.int16))


def drifting(picture: Pixels, rng: Chance) -> Pixels:
    """As latents that differ a little are decoded: neighbours move together."""
    coarse = rng.uniform(-1, 1, (9, 9, 3))
    waves = [Image.fromarray(coarse[:, :, c].astype(np.float32)) for c in range(3)]
    smooth = np.dstack([wave.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for wave in waves])
    return _moved(picture, (LEVELS * smooth / np.abs(smooth).max()).round().astype(np.int16))


def _moved(picture: Pixels, by: np.ndarray) -> Pixels:
    return (picture + by).clip(0, 255).astype(np.uint8)


MINERS: dict[str, Callable[[Pixels, Chance], Pixels]] = {
    "exact": exact,
    "shaken": shaken,
    "drifting": drifting,
}


def learned(pictures: list[Clean], miner: str) -> Repeatability:
    """What quiet pairs teach, as a run would learn it."""
    rng = np.random.default_rng(99)
    again = MINERS[miner]
    pairs = ((png_bytes(p.pixels), png_bytes(again(p.pixels, rng))) for p in pictures[:PAIRS])
    return learn_repeatability(pairs)


def differs(picture: Pixels, twin: Pixels, quiet: Repeatability) -> Difference | None:
    """The comparison as the suite makes it."""
    allowed = Tolerance(quiet.tolerance, quiet.drift_tolerance)
    return judge(picture, twin, allowed).difference


def rectangle(rng: Chance) -> list[Mask]:
    area = SIDE * SIDE * _share(rng)
    width = int(rng.integers(max(4, int(area / SIDE) + 1), SIDE + 1))
    height = min(SIDE, int(np.ceil(area / width)))
    left, top = int(rng.integers(SIDE - width + 1)), int(rng.integers(SIDE - height + 1))
    return [_filled([(left, top), (left + width - 1, top + height - 1)], "rectangle")]


def strip(rng: Chance) -> list[Mask]:
    """Rows or columns along one side."""
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[SIDE - max(2, int(SIDE * _share(rng))) :] = True
    return [np.rot90(mask, int(rng.integers(4)))]


def tiles(rng: Chance) -> list[Mask]:
    """One to four tiles of 64 pixels that do not touch."""
    places = rng.choice(16, int(rng.integers(1, 5)), replace=False)
    corners = [(256 * (n % 4) + 64, 256 * (n // 4) + 128) for n in map(int, places)]
    return [_filled([(x, y), (x + 63, y + 63)], "rectangle") for x, y in corners]


def ellipse(rng: Chance) -> list[Mask]:
    side = np.sqrt(SIDE * SIDE * _share(rng) / 0.78)
    width, height = (int(min(SIDE, side * f) // 2) for f in (1.3, 1 / 1.3))
    x, y = int(rng.integers(width, SIDE - width + 1)), int(rng.integers(height, SIDE - height + 1))
    return [_filled([(x - width, y - height), (x + width - 1, y + height - 1)], "ellipse")]


def triangle(rng: Chance) -> list[Mask]:
    """Three corners anywhere, large enough."""
    while True:
        corners = [tuple(int(v) for v in rng.integers(0, SIDE, 2)) for _ in range(3)]
        mask = _filled(corners, "polygon")
        if LEAST <= mask.mean() <= MOST:
            return [mask]


def _share(rng: Chance) -> float:
    return float(np.exp(rng.uniform(np.log(LEAST), np.log(MOST))))


def _filled(points: list[tuple[int, ...]], shape: str) -> Mask:
    image = Image.new("L", (SIDE, SIDE))
    getattr(ImageDraw.Draw(image), shape)(points, fill=1)
    return np.asarray(image, np.bool_)


SHAPES = (rectangle, strip, tiles, ellipse, triangle)


def noise(picture: Pixels, _other: Pixels, rng: Chance) -> Pixels:
    return rng.integers(0, 256, picture.shape, np.uint8)


def undenoised(picture: Pixels, _other: Pixels, rng: Chance) -> Pixels:
    return (picture * 0.5 + rng.normal(128, 60, picture.shape) * 0.5).clip(0, 255).astype(np.uint8)


def brighter(picture: Pixels, _other: Pixels, rng: Chance) -> Pixels:
    """By 9 to 20 levels, or darker where the picture is bright."""
    step = int(rng.integers(SEEN + 1, 20))
    return np.where(picture < 128, picture + step, picture - step).astype(np.uint8)


def blended(picture: Pixels, other: Pixels, rng: Chance) -> Pixels:
    share = rng.uniform(0.2, 0.8)
    return (picture * (1 - share) + other * share).astype(np.uint8)


def blurred(picture: Pixels, _other: Pixels, _rng: Chance) -> Pixels:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(12)))


def without_a_channel(picture: Pixels, _other: Pixels, rng: Chance) -> Pixels:
    less = picture.copy()
    less[:, :, int(rng.integers(3))] = 0
    return less


def _flat(level: int) -> Callable[[Pixels, Pixels, Chance], Pixels]:
    return lambda picture, _other, _rng: np.full_like(picture, level)


CONTENTS: dict[str, Callable[[Pixels, Pixels, Chance], Pixels]] = {
    "black": _flat(0),
    "grey": _flat(128),
    "white": _flat(255),
    "mean": lambda picture, _o, _r: np.zeros_like(picture) + picture.mean((0, 1)).astype(np.uint8),
    "noise": noise,
    "undenoised": undenoised,
    "other picture": lambda _picture, other, _rng: other,
    "blend": blended,
    "brighter": brighter,
    "blur": blurred,
    "shifted": lambda picture, _other, rng: np.roll(picture, int(rng.integers(8, 512)), 1),
    "other rows": lambda picture, _other, rng: np.roll(picture, int(rng.integers(8, 512)), 0),
    "mirrored": lambda picture, _other, _rng: picture[:, ::-1],
    "one row": lambda picture, _o, rng: np.repeat(picture[[int(rng.integers(SIDE))]], SIDE, axis=0),
    "lost channel": without_a_channel,
    "channels swapped": lambda picture, _other, _rng: picture[:, :, ::-1],
}


@dataclass(frozen=True)
class Damage:
    """A picture with damage, its twin, and where it lies: all of it, and what can be seen of it."""

    name: str
    picture: Pixels
    twin: Pixels
    parts: list[tuple[Region, Region]]


def damage(name: str, shape: Shape, clean: Iterator[Clean], rng: Chance) -> Damage:
    """With this content, in the next pictures that show it: half of each part differs visibly."""
    while True:
        twin, other = next(clean).pixels, next(clean).pixels
        content, masks, picture = CONTENTS[name](twin, other, rng), shape(rng), twin.copy()
        for mask in masks:
            picture[mask] = content[mask]
        seen = distance_map(picture, twin) > SEEN
        if all((seen & mask).sum() >= mask.sum() / 2 for mask in masks):
            parts = [(box(mask), box(seen & mask)) for mask in masks]
            return Damage(f"{name}, {shape.__name__}", picture, twin, parts)


def box(mask: Mask) -> Region:
    """The rectangle around what is marked."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    return Region(int(left), int(top), int(right), int(bottom), *mask.shape[::-1])


def is_located(
    difference: Difference, parts: list[tuple[Region, Region]], near: int = NEAR
) -> bool:
    """Whether the regions lie in the parts and enclose all that shows of them, to ``near``."""
    inside = [[r for r in difference.regions if _holds(part, r, near)] for part, _ in parts]
    return sum(map(len, inside)) == len(difference.regions) and all(
        regions and _holds(enclosing(regions), seen, near)
        for regions, (_, seen) in zip(inside, parts, strict=True)
    )


def _holds(outer: Region, inner: Region, near: int) -> bool:
    return (
        outer.left - near <= inner.left
        and outer.top - near <= inner.top
        and inner.right <= outer.right + near
        and inner.bottom <= outer.bottom + near
    )


def judge_damage(clean: list[Clean], miner: str, rounds: int) -> None:
    """Print how many damaged pictures were found, and located to within eight pixels."""
    quiet, rng = learned(clean, miner), np.random.default_rng(17)
    order = cycle([clean[int(n)] for n in rng.permutation(len(clean))])
    found, located, missed = 0, 0, Counter[str]()
    for n in range(rounds):
        shape = SHAPES[n % len(SHAPES)]
        case = damage(list(CONTENTS)[n % len(CONTENTS)], shape, order, rng)
        difference = differs(MINERS[miner](case.picture, rng), case.twin, quiet)
        found += difference is not None
        near = difference is not None and is_located(difference, case.parts)
        located += near
        missed.update([] if near else [f"{case.name}: {difference and difference.where}"])
    print(f"{miner} miner ({quiet}), {rounds} damaged pictures: {found} found, {located} located")
    print(*(f"  not located: {name}" for name in missed), sep="\n", end="\n" if missed else "")
    print(f"ratio twin-found-{miner} {found / rounds:.4f}")
    print(f"ratio twin-located-{miner} {located / rounds:.4f}")


def judge_clean(clean: list[Clean], miner: str) -> None:
    """Print how many pictures were accused that only differ as the miner's do in quiet."""
    quiet, rng = learned(clean, miner), np.random.default_rng(3)
    accused = Counter(
        p.kind for p in clean if differs(MINERS[miner](p.pixels, rng), p.pixels, quiet)
    )
    told = f" ({', '.join(f'{kind} {n}' for kind, n in accused.items())})" if accused else ""
    print(f"{miner} miner: {accused.total()} false alarms in {len(clean)} clean pairs{told}")
    print(f"ratio twin-false-alarms-{miner} {accused.total() / len(clean):.5f}")


def blank(count: int) -> Iterator[Clean]:
    """Pictures of one colour: black, white, grey, then any."""
    rng = np.random.default_rng(5)
    colours = [[0] * 3, [255] * 3, [128] * 3, *rng.integers(0, 256, (count, 3)).tolist()]
    for n, colour in enumerate(colours[:count]):
        pixels = np.full((SIDE, SIDE, 3), colour, np.uint8)
        yield Clean(f"blank-{n}", "blank", str(n), pixels)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--rounds", type=int, default=240, help="damaged pictures for each miner")
    options = parser.parse_args()
    quick = options.quick
    crops, each = (1, 1) if quick else (4, 30)
    shipped = clean_set(score=True, crops=crops, drawn_each=each) if sources() else []
    clean = [*shipped, *reference_pictures(8 if quick else 120), *blank(4 if quick else 30)]
    kinds = Counter(picture.kind for picture in clean)
    print(f"{len(clean)} clean pictures:", ", ".join(f"{n} {kind}" for kind, n in kinds.items()))
    for miner in MINERS:
        judge_damage(clean, miner, len(CONTENTS) if quick else options.rounds)
    for miner in MINERS:
        judge_clean(clean, miner)


if __name__ == "__main__":
    main()
