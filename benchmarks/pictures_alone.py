"""How much damage a look at one picture finds, and how often it accuses a sound one.

    python -m benchmarks.pictures_alone [--quick] [--set calibration] [--six-rules]

The thresholds were set on the calibration set; the score set is of other sources.
"""

import argparse
import zlib
from collections import Counter, defaultdict
from functools import partial
from itertools import islice
from multiprocessing import get_context

import numpy as np

from asyncproof.images.compiled import measure
from asyncproof.images.single import Suspicion
from asyncproof.images.single.look import judge_statistics
from asyncproof.images.six_rules import (
    ImageValidator,
    detect_partial_render_bytes,
)
from benchmarks.pictures_corpus import (
    ART,
    Clean,
    clean_set,
    damage_kinds,
    damaged,
    photos,
    png_bytes,
    reference_pictures,
)

_held: list[Clean] = []  # of a worker
MODEL_LIKE = ("photo", "reference miner", "low contrast", "fog")


def look(picture: np.ndarray) -> tuple[Suspicion, ...]:
    """What the rules say, by the compiled pass, which gives the same numbers."""
    return judge_statistics(picture, measure.measure(picture))


def accused_by_the_six_rules(picture: np.ndarray) -> bool:
    """For comparison: what the six rules and the look at the bottom say."""
    data = png_bytes(picture)
    return (
        not ImageValidator().validate_bytes(data).is_valid or detect_partial_render_bytes(data)[0]
    )


def clean_rates(pictures: list[Clean], *, compare: bool) -> dict[str, tuple[int, int, int]]:
    """Of each class: pictures, how many were accused, and how many by the six rules."""
    rates: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for picture in pictures:
        row = rates[picture.kind]
        row[0] += 1
        found = look(picture.pixels)
        row[1] += bool(found)
        row[2] += compare and accused_by_the_six_rules(picture.pixels)
        if found:
            print(f"  accused: {picture.name}: {found[0].reason}")
    return {kind: (row[0], row[1], row[2]) for kind, row in rates.items()}


def damage_rates(
    pictures: list[Clean], rounds: int, *, compare: bool
) -> dict[str, tuple[int, int, Counter[str]]]:
    """Of each kind of damage: how many were found, how many by the six rules, and by which sign.

    On all cores: each kind has a sequence of its own, so their order does not matter.
    """
    kinds = damage_kinds()
    rate = partial(_rate, rounds, compare)
    fork = get_context("fork")  # which hands the pictures over without a copy
    with fork.Pool(initializer=_held.extend, initargs=(pictures,)) as pool:
        return dict(zip(kinds, pool.map(rate, kinds, chunksize=1), strict=True))


def _rate(rounds: int, compare: bool, kind: str) -> tuple[int, int, Counter[str]]:
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    hits, rules, signs = 0, 0, Counter[str]()
    for _ in range(rounds):
        one, other = (_held[int(i)].pixels for i in rng.choice(len(_held), 2, replace=False))
        hurt = damaged(kind, one, other, rng)
        found = look(hurt)
        hits += bool(found)
        signs.update({str(s.sign) for s in found})
        rules += compare and accused_by_the_six_rules(hurt)
    return hits, rules, signs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--set", choices=["score", "calibration"], default="score")
    parser.add_argument("--rounds", type=int, default=0, help="damaged pictures of each kind")
    parser.add_argument("--six-rules", action="store_true", help="ask them too, which is slow")
    options = parser.parse_args()
    score, quick, compare = options.set == "score", options.quick, options.six_rules
    if quick:
        base = list(islice(photos(score=score, crops=1), 6))
        pictures = [*base, *reference_pictures(7)]
    else:
        pictures = [*clean_set(score=score), *reference_pictures(70)]
        base = [picture for picture in pictures if picture.kind == "photo"]
    if len(base) < 2:
        base = pictures
    rounds = options.rounds or (2 if quick else 60)
    clean = clean_rates(pictures, compare=compare)
    print(f"{'class of sound picture':<24} pictures  accused  by the six rules")
    for kind, (count, accused, rules) in clean.items():
        peer = f"{rules / count:.1%}" if compare else "not asked"
        print(f"{kind:<24} {count:>8} {accused / count:>8.1%} {peer:>12}")
    hurt = damage_rates(base, rounds, compare=compare)
    print(f"{'kind of damage':<24}    found  by the six rules  signs")
    for kind, (hits, rules, signs) in hurt.items():
        names = ", ".join(sign for sign, _ in signs.most_common(2))
        peer = f"{rules / rounds:.1%}" if compare else "not asked"
        print(f"{kind:<24} {hits / rounds:>8.1%} {peer:>12}       {names}")
    found = sum(hits for hits, _, _ in hurt.values()) / (rounds * len(hurt))
    for name, kinds in (("model", MODEL_LIKE), ("art", ART)):
        seen = [clean[kind] for kind in kinds if kind in clean]
        share = sum(accused for _, accused, _ in seen) / max(1, sum(count for count, _, _ in seen))
        print(f"ratio alone-false-alarms-{name} {share:.4f}")
    print(f"ratio alone-found {found:.4f}")


if __name__ == "__main__":
    main()
