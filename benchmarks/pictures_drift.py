"""Whether pictures that drift under load are left alone, and damage in them is found all the same.

    python -m benchmarks.pictures_drift [--quick]

Every picture here has drifted as `reference/miner/pictures/drift.py` makes it: smooth displacement
of up to 3 pixels, tone by up to 3 %, noise that follows texture, texture exchanged in soft-edged
areas. Damage is done to pictures at full strength, and what got in from another picture has drifted
too. A part counts where at least half of it shows: its means of eight by eight pixels differ by
more than 24 levels, or its pixels do where only the grain is another one. Misses are listed.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from typing import TypeAlias

import numpy as np
from PIL import Image

from asyncproof.images.pixels import Pixels, distance_map, drift_map
from asyncproof.images.reference.judgement import Judgement, Likeness, Tolerance, judge
from asyncproof.images.reference.structure import USUAL, Structure, learn_structure, reach, scores
from asyncproof.images.region import CELL, Mask
from benchmarks.pictures_corpus import (
    MINER_PROMPTS,
    SIDE,
    Clean,
    clean_set,
    reference_pictures,
    sources,
)
from benchmarks.pictures_twin import (
    CONTENTS,
    blank,
    box,
    ellipse,
    is_located,
    rectangle,
    strip,
    triangle,
)
from reference.miner.loras import LORAS
from reference.miner.pictures.canvas import whole
from reference.miner.pictures.drift import drifted

NEAR = 32  # pixels
SEEN = 24  # levels
STRENGTHS = (0.33, 0.67, 1.0)
LEARNED = 10  # pictures under load that a run learns from
GRAIN = {"noise", "undenoised", "blur"}  # contents that may leave the means as they are
Chance: TypeAlias = np.random.Generator
Content: TypeAlias = Callable[[Pixels, Pixels, Chance], Pixels]


def halved(clean: list[Clean]) -> list[Clean]:
    """All but every eighth picture at half the size: both sizes are asked for."""
    return [
        Clean(c.name, c.kind, c.source, _half(c.pixels) if n % 8 else c.pixels)
        for n, c in enumerate(clean)
    ]


def _half(pixels: Pixels) -> Pixels:
    small = Image.fromarray(pixels).resize((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS)
    return np.asarray(small)


def learned(clean: list[Clean], strength: float, rng: Chance) -> Structure:
    """What pictures under load teach, as a run would learn it."""
    few = [clean[int(n)].pixels for n in rng.permutation(len(clean))[:LEARNED]]
    return learn_structure([reach(scores(drifted(p, strength, rng), p)) for p in few])


def asked(picture: Pixels, reference: Pixels, structure: Structure) -> Judgement:
    """The comparison as the suite makes it for a miner that is exact in quiet."""
    return judge(picture, reference, Tolerance(2, structure=structure))


def judge_sound(clean: list[Clean], count: int) -> None:
    """Print how many drifted pictures were accused, with what a run taught and without."""
    rng, accused, names = np.random.default_rng(11), Counter[str](), Counter[str]()
    taught = {strength: learned(clean, strength, rng) for strength in STRENGTHS}
    for n in range(count):
        picture, strength = clean[n % len(clean)], STRENGTHS[n % len(STRENGTHS)]
        loud = drifted(picture.pixels, strength, rng)
        for how, structure in (("learned", taught[strength]), ("too few pairs", USUAL)):
            if asked(loud, picture.pixels, structure).likeness is Likeness.DAMAGED:
                accused[how] += 1
                names[f"{how}: {picture.kind} {picture.name}, strength {strength}"] += 1
    for how in ("learned", "too few pairs"):
        print(f"{accused[how]} of {count} drifted sound pictures accused ({how})")
    for name, times in names.items():
        print(f"  accused, {name} ({times} times)")
    print(f"ratio drift-false-alarms {accused['learned'] / count:.5f}")


def brighter(picture: Pixels, _other: Pixels, rng: Chance) -> Pixels:
    """By 25 to 44 levels, or darker where the picture is bright."""
    step = int(rng.integers(SEEN + 1, SEEN + 21))
    return np.where(picture < 128, picture + step, picture - step).astype(np.uint8)


def blended(picture: Pixels, other: Pixels, rng: Chance) -> Pixels:
    """With 30 to 80 per cent of the other picture."""
    share = rng.uniform(0.3, 0.8)
    return (picture * (1 - share) + other * share).astype(np.uint8)


def one_row(picture: Pixels, _other: Pixels, rng: Chance) -> Pixels:
    """One of its rows, all over."""
    return np.repeat(picture[[int(rng.integers(len(picture)))]], len(picture), axis=0)


ALL_CONTENTS: dict[str, Content] = CONTENTS | {
    "brighter": brighter,
    "blend": blended,
    "one row": one_row,
}


def _content(name: str, seed: int, picture: Pixels, other: Pixels) -> Pixels:
    return ALL_CONTENTS[name](picture, other, np.random.default_rng(seed))


def parts_of(shape: Callable[[Chance], list[Mask]], share: tuple[float, float], rng: Chance,
             side: int) -> list[Mask]:  # fmt: skip
    """Masks that cover so much of the picture together."""
    while True:
        masks = shape(rng)
        if share[0] <= sum(mask.mean() for mask in masks) <= share[1]:
            step = SIDE // side
            return [mask[::step, ::step] for mask in masks]


def shows(name: str, picture: Pixels, reference: Pixels) -> Mask:
    """Pixels where the content differs so much that drift cannot explain it."""
    if name in GRAIN:
        return np.asarray(distance_map(picture, reference) > SEEN)
    apart = drift_map(picture, reference, CELL) > SEEN
    return apart.repeat(CELL, axis=0).repeat(CELL, axis=1)


PARTS = (rectangle, strip, ellipse, triangle)


def judge_parts(clean: list[Clean], share: tuple[float, float], rounds: int) -> None:
    """Print how much of the damage of a part was found, and located to within 32 pixels."""
    rng = np.random.default_rng(17)
    structure = learned(clean, 1.0, rng)
    order = cycle([clean[int(n)] for n in rng.permutation(len(clean))])
    found, located, missed = Counter[str](), 0, Counter[str]()
    for n in range(rounds):
        name, shape = list(ALL_CONTENTS)[n % len(ALL_CONTENTS)], PARTS[n % len(PARTS)]
        picture, reference, masks = damaged(name, shape, share, order, rng)
        seen = shows(name, picture, reference)
        parts = [(box(mask), box(seen & mask)) for mask in masks]
        difference = asked(picture, reference, structure).difference
        found[name] += difference is not None
        near = difference is not None and is_located(difference, parts, NEAR)
        located += near
        how = "elsewhere" if difference else "not found"
        missed.update([] if near else [f"{name}, {shape.__name__}: {how}"])
    told = f"{share[0]:.0%} to {share[1]:.0%}"
    print(f"damage of {told}, {rounds} pictures: {found.total()} found, {located} located")
    for name, times in missed.items():
        print(f"  not located: {name} ({times})")
    print(f"ratio drift-found-from-{share[0]:.2f} {found.total() / rounds:.4f}")
    print(f"ratio drift-located-from-{share[0]:.2f} {located / rounds:.4f}")


def damaged(name: str, shape: Callable[[Chance], list[Mask]], share: tuple[float, float],
            clean: Iterator[Clean], rng: Chance) -> tuple[Pixels, Pixels, list[Mask]]:  # fmt: skip
    """A drifted picture with this content in a part, its reference, and the part."""
    while True:
        reference, other = next(clean).pixels, next(clean).pixels
        if reference.shape != other.shape:
            other = _half(other) if len(other) > len(reference) else other.repeat(2, 0).repeat(2, 1)
        make = partial(_content, name, int(rng.integers(2**32)))
        content = make(reference, other)
        masks = parts_of(shape, share, rng, len(reference))
        seen = shows(name, content, reference)
        if all((seen & mask).sum() >= mask.sum() / 2 for mask in masks):
            content = make(drifted(reference, 1.0, rng), drifted(other, 1.0, rng))
            picture = drifted(reference, 1.0, rng)
            for mask in masks:
                picture[mask] = content[mask]
            return picture, reference, masks


def judge_whole(clean: list[Clean], rounds: int) -> None:
    """Print how much of the damage of all of a picture was found, by kind."""
    rng = np.random.default_rng(23)
    structure = learned(clean, 1.0, rng)
    for name, make in WHOLE.items():
        cases = (make(clean, n, rng) for n in range(rounds))
        found = sum(
            asked(picture, reference, structure).likeness is Likeness.DAMAGED
            for picture, reference in cases
        )
        print(f"{name}: {found} of {rounds} found")
        print(f"ratio drift-found-{name.replace(' ', '-')} {found / rounds:.4f}")


def _two(clean: list[Clean], n: int) -> tuple[Pixels, Pixels]:
    one, other = clean[n % len(clean)], clean[(7 * n + 5) % len(clean)]
    if one.pixels.shape != other.pixels.shape or one.source == other.source:
        alike = (c for c in clean if c.pixels.shape == one.pixels.shape and c.source != one.source)
        other = next(alike)
    return one.pixels, other.pixels


def another_picture(clean: list[Clean], n: int, rng: Chance) -> tuple[Pixels, Pixels]:
    reference, other = _two(clean, n)
    return drifted(other, 1.0, rng), reference


def a_blend(clean: list[Clean], n: int, rng: Chance) -> tuple[Pixels, Pixels]:
    reference, other = _two(clean, n)
    both = (drifted(each, 1.0, rng).astype(float) for each in (reference, other))
    share = rng.uniform(0.3, 0.7)
    one, two = both
    return (one * (1 - share) + two * share).astype(np.uint8), reference


def half_denoised(clean: list[Clean], n: int, rng: Chance) -> tuple[Pixels, Pixels]:
    reference, _ = _two(clean, n)
    share = rng.uniform(0.2, 0.6)
    noise = rng.integers(0, 256, reference.shape)
    return (drifted(reference, 1.0, rng) * (1 - share) + noise * share).astype(np.uint8), reference


def _painted(n: int, lora: str | None) -> Pixels:
    return whole(f"{MINER_PROMPTS[n % len(MINER_PROMPTS)]} number {n}", n, 512, lora)


def missing_lora(_clean: list[Clean], n: int, rng: Chance) -> tuple[Pixels, Pixels]:
    return drifted(_painted(n, None), 1.0, rng), _painted(n, LORAS[n % len(LORAS)])


def foreign_lora(_clean: list[Clean], n: int, rng: Chance) -> tuple[Pixels, Pixels]:
    its, mine = LORAS[(n + 1) % len(LORAS)], LORAS[n % len(LORAS)]
    return drifted(_painted(n, its), 1.0, rng), _painted(n, mine)


WHOLE: dict[str, Callable[[list[Clean], int, Chance], tuple[Pixels, Pixels]]] = {
    "picture of another job": another_picture,
    "blend from 30 per cent": a_blend,
    "half denoised": half_denoised,
    "missing LoRA": missing_lora,
    "foreign LoRA": foreign_lora,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute")
    parser.add_argument("--sound", type=int, default=1000, help="drifted sound pictures")
    parser.add_argument("--rounds", type=int, default=320, help="damaged pictures of each size")
    options = parser.parse_args()
    quick = options.quick
    shipped = clean_set(score=True, crops=1, drawn_each=1 if quick else 10) if sources() else []
    clean = halved([*shipped, *reference_pictures(8 if quick else 40), *blank(4)])
    kinds = Counter(picture.kind for picture in clean)
    print(f"{len(clean)} clean pictures:", ", ".join(f"{n} {kind}" for kind, n in kinds.items()))
    rounds = 16 if quick else options.rounds
    judge_sound(clean, 24 if quick else options.sound)
    for share in ((0.01, 0.05), (0.05, 0.5)):
        judge_parts(clean, share, rounds)
    judge_whole(clean, 6 if quick else 60)


if __name__ == "__main__":
    main()
