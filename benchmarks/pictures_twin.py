"""Whether a region that differs from the quiet twin is found and located, and nothing else is.

    python -m benchmarks.pictures_twin [--quick]

Regions of 0.1 % to half of the picture, filled with black, white, grey, noise or another picture,
for a miner that is exact and for one that differs by up to two levels; then clean pairs of every
kind. At least half of a region differs visibly: nothing could locate black on a night sky.
"""

import argparse
from itertools import islice

import numpy as np

from benchmarks.pictures_corpus import SIDE, Clean, clean_set, photos, png_bytes, reference_pictures
from tests.e2e.async_inference.pictures.pixels import distance_map
from tests.e2e.async_inference.pictures.region import Region, enclosing
from tests.e2e.async_inference.pictures.repeatability import Repeatability, learn_repeatability
from tests.e2e.async_inference.pictures.twin import Difference, compare

NEAR = 8  # pixels
SEEN = 8  # levels


def shaken(picture: np.ndarray, levels: int, rng: np.random.Generator) -> np.ndarray:
    """The picture as hardware that is not exact gives it."""
    if not levels:
        return picture
    shake = rng.integers(-levels, levels + 1, picture.shape, np.int16)
    return (picture + shake).clip(0, 255).astype(np.uint8)


def learned(pictures: list[Clean], levels: int) -> Repeatability:
    """What two quiet pairs teach, as a run would learn it."""
    rng = np.random.default_rng(99)
    pairs = [(png_bytes(p.pixels), png_bytes(shaken(p.pixels, levels, rng))) for p in pictures[:2]]
    return learn_repeatability(pairs)


def differs(picture: np.ndarray, twin: np.ndarray, quiet: Repeatability) -> Difference | None:
    """The comparison as the suite makes it."""
    return compare(picture, twin, quiet.tolerance, drift_tolerance=quiet.drift_tolerance)


def a_region(rng: np.random.Generator) -> Region:
    """Of any shape, at least 0.1 % of the picture."""
    area = SIDE * SIDE * float(np.exp(rng.uniform(np.log(0.001), np.log(0.5))))
    width = int(rng.integers(max(4, int(area / SIDE) + 1), SIDE + 1))
    height = min(SIDE, int(np.ceil(area / width)))
    left, top = int(rng.integers(SIDE - width + 1)), int(rng.integers(SIDE - height + 1))
    return Region(left, top, left + width, top + height, SIDE, SIDE)


def content(kind: str, region: Region, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    flat = {"black": 0, "grey": 128, "white": 255}
    shape = (region.bottom - region.top, region.right - region.left, 3)
    if kind in flat:
        return np.full(shape, flat[kind], np.uint8)
    return rng.integers(0, 256, shape, np.uint8) if kind == "noise" else other[region.slices]


def is_near(found: Region, region: Region) -> bool:
    sides = ("left", "top", "right", "bottom")
    return all(abs(getattr(found, side) - getattr(region, side)) <= NEAR for side in sides)


def damaged_regions(pictures: list[Clean], levels: int, rounds: int) -> tuple[float, float]:
    """The shares found, and located to within eight pixels."""
    rng, found, near, quiet = np.random.default_rng(levels), 0, 0, learned(pictures, levels)
    for n in range(rounds):
        twin, other = (pictures[int(i)].pixels for i in rng.choice(len(pictures), 2, replace=False))
        kind, visible = ("black", "grey", "white", "noise", "other")[n % 5], 0.0
        while visible < 0.5:
            region, picture = a_region(rng), twin.copy()
            picture[region.slices] = content(kind, region, other, rng)
            visible = float((distance_map(picture, twin)[region.slices] > SEEN).mean())
            twin, other = (other, twin) if visible < 0.5 else (twin, other)
        difference = differs(shaken(picture, levels, rng), twin, quiet)
        found += difference is not None
        near += difference is not None and is_near(enclosing(difference.regions), region)
    return found / rounds, near / rounds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--rounds", type=int, default=1000, help="damaged pictures for each miner")
    options = parser.parse_args()
    quick = options.quick
    pictures = list(islice(photos(score=True, crops=1), 6 if quick else 40)) or reference_pictures(
        8
    )
    for levels in (0, 2):
        found, near = damaged_regions(pictures, levels, 60 if quick else options.rounds)
        print(
            f"miner within {levels} levels: {found:.1%} found, {near:.1%} located to {NEAR} pixels"
        )
        print(f"ratio twin-found-{levels} {found:.4f}")
        print(f"ratio twin-located-{levels} {near:.4f}")
    pairs = (
        pictures + reference_pictures(7)
        if quick
        else clean_set(score=True) + reference_pictures(120)
    )
    rng = np.random.default_rng(3)
    quiet = {levels: learned(pictures, levels) for levels in (0, 2)}
    alarms = sum(
        differs(shaken(p.pixels, levels, rng), p.pixels, quiet[levels]) is not None
        for p in pairs
        for levels in (0, 2)
    )
    kinds = len({p.kind for p in pairs})
    print(f"{alarms} false alarms in {2 * len(pairs)} clean pairs of {kinds} kinds")
    print(f"ratio twin-false-alarms {alarms / (2 * len(pairs)):.5f}")


if __name__ == "__main__":
    main()
