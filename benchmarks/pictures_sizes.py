"""How often a look accuses a sound picture of the reference miner, at each size.

    python -m benchmarks.pictures_sizes [--quick]

Every kind that the miner paints, with every LoRA and without, with different guidance, some of them
edits of another picture. The suite is tested with small pictures, again and again, with random
seeds: one accusation in a thousand is too many.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from asyncproof.images.compiled import measure
from asyncproof.images.single.look import judge_statistics
from benchmarks.pictures_corpus import png_bytes
from reference.miner.loras import LORAS
from reference.miner.messages import Task
from reference.miner.pictures.canvas import Canvas
from reference.miner.pictures.kinds import WORDS

COUNTS = {128: 4000, 256: 3000, 512: 1500, 1024: 300}
QUICK_COUNTS = {128: 300, 256: 200, 512: 50, 1024: 7}
GUIDANCE = (7.0, 1.0, 20.0)
EDITS = 10  # one picture in so many is an edit


def painted(size: int, number: int, source: str | None) -> np.ndarray:
    """The picture of a request that only its number decides."""
    rng = np.random.default_rng(number)
    words = [word for kind in WORDS.values() for word in kind] + ["a thing"]
    task = Task(
        key=str(number),
        prompt=f"{rng.choice(words)} number {number}",
        width=size,
        height=size,
        steps=1,
        guidance=float(rng.choice(GUIDANCE)),
        seed=int(rng.integers(1 << 31)),
        path="",
        seconds=0.0,
        lora=(None, *LORAS)[rng.integers(len(LORAS) + 1)],
        source=source,
    )
    canvas = Canvas(task)
    canvas.step(1)
    return canvas.pixels()


def pictures(size: int, first: int, count: int) -> Iterator[np.ndarray]:
    """Pictures ``first`` and following."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "source.png")
        path.write_bytes(png_bytes(painted(size, first, None)))
        for number in range(first, first + count):
            yield painted(size, number, None if number % EDITS else str(path))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--first", type=int, default=0, help="another number: other pictures")
    parser.add_argument("--size", type=int, choices=list(COUNTS), help="this size alone")
    options = parser.parse_args()
    for size, count in (QUICK_COUNTS if options.quick else COUNTS).items():
        if options.size not in {None, size}:
            continue
        signs: Counter[str] = Counter()
        for number, picture in enumerate(pictures(size, options.first, count), options.first):
            found = judge_statistics(picture, measure.measure(picture))
            signs.update({str(suspicion.sign) for suspicion in found[:1]})
            if found:
                print(f"  accused: {size}x{size} number {number}: {found[0].reason}")
        accused = sum(signs.values())
        print(f"{size:>4} pixels: {accused} of {count} accused {dict(signs) or ''}", flush=True)
        print(f"ratio alone-false-alarms-miner-{size} {accused / count:.4f}", flush=True)


if __name__ == "__main__":
    main()
