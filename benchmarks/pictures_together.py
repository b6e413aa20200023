"""What is wrong in all pictures of a run: ``python -m benchmarks.pictures_together [FOLDER ...]``.

Runs of twenty pictures, one for each prompt of ``workload/expectable.py``. How often each
systematic failure is found, in how many of the runs it is told as what it is, and how many sound
runs are accused: of the drawn painter with and without each LoRA, of the engine that samples (where
torch is installed; ``--engine N`` seeds a prompt), and of pictures of the folders. A run takes one
of ``--pool`` pictures of each prompt, by chance.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from asyncproof.images.pixels import UndecodableError, decode
from asyncproof.images.together.common import Shown, common
from asyncproof.images.together.measure import measure
from asyncproof.workload.expectable import PROMPTS
from reference.miner.loras import LORAS
from reference.miner.pictures.canvas import whole
from reference.miner.pictures.kinds import Pixels
from reference.miner.pictures.systematic import SYSTEMATIC
from tests.support.systematic import TOLD_AS

Pool = list[list[Shown]]


def sampled(side: int, seeds: int) -> Pool:
    """The engine's pictures, in the half precision that people use."""
    from benchmarks.pictures_engine import Order, made  # noqa: PLC0415
    from reference.engine.sampler import Sampler  # noqa: PLC0415 - needs torch
    from reference.engine.weights import load_model  # noqa: PLC0415

    engine = Sampler(load_model(), {}, dtype="bfloat16", largest=4)
    pool = []
    for number, prompt in enumerate(PROMPTS):
        orders = [
            Order(
                prompt=prompt,
                width=side,
                height=side,
                steps=20,
                guidance=7.0,
                seed=1000 * number + seed,
            )
            for seed in range(seeds)
        ]
        pool.append([shown(prompt, pixels) for pixels in made(engine, orders)])
    return pool


def shown(prompt: str, pixels: Pixels) -> Shown:
    measures = measure(pixels)
    assert measures is not None
    return Shown(prompt, measures)


def pool_of(make: Callable[[str, int], Pixels], seeds: int) -> Pool:
    return [
        [shown(prompt, make(prompt, 1000 * number + seed)) for seed in range(seeds)]
        for number, prompt in enumerate(PROMPTS)
    ]


def from_folder(folder: Path, side: int) -> Pool:
    """Every picture of a folder that is large enough, its middle, as if any prompt had given it."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            pixels = decode(path.read_bytes())[..., :3] if path.is_file() else None
        except UndecodableError:
            continue
        if pixels is not None and min(pixels.shape[:2]) >= side:
            top, left = ((length - side) // 2 for length in pixels.shape[:2])
            found.append(shown("", pixels[top : top + side, left : left + side]))
    return [found] * len(PROMPTS) if found else []


def verdicts(pool: Pool, runs: int, rng: np.random.Generator) -> Counter[str]:
    """What was told of each run; empty where nothing was."""
    told = Counter[str]()
    for _ in range(runs):
        run = [of_prompt[rng.integers(len(of_prompt))] for of_prompt in pool]
        found = common(run)
        told[found.name if found else ""] += 1
    return told


def line(name: str, told: Counter[str], expected: str = "") -> str:
    runs = told.total()
    others = {n: c for n, c in told.items() if n not in ("", expected)}
    found = f"{runs - told['']:4} of {runs} told"
    named = f", {told[expected]} as {expected!r}" if expected else ""
    return f"  {name:28}{found}{named}" + (f", others {others}" if others else "")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="of sound pictures")
    parser.add_argument("--pool", type=int, default=10, help="pictures of each prompt")
    parser.add_argument("--runs", type=int, default=200, help="of each kind")
    parser.add_argument("--side", type=int, default=256, help="pixels")
    parser.add_argument("--engine", type=int, default=0, help="seeds for each prompt")
    asked = parser.parse_args(arguments)
    rng = np.random.default_rng(5)
    print(f"{asked.side} x {asked.side} pixels, runs of {len(PROMPTS)}\nsound:")
    for lora in (None, *LORAS):
        pool = pool_of(lambda p, s, lora=lora: whole(p, s, asked.side, lora), asked.pool)
        print(line(f"drawn, {lora or 'no LoRA'}", verdicts(pool, asked.runs, rng)), flush=True)
    engine = sampled(asked.side, asked.engine) if asked.engine else []
    folders = [(str(folder), from_folder(folder, asked.side)) for folder in asked.folders]
    for name, pool in (("sampled, bfloat16", engine), *folders):
        if pool:
            print(line(name, verdicts(pool, asked.runs, rng)), flush=True)
    print("in all pictures:")
    for each in SYSTEMATIC:
        pool = pool_of(
            lambda p, s, each=each: each.spoil(whole(p, s, asked.side, None)), asked.pool
        )
        told = verdicts(pool, asked.runs, rng)
        print(line(each.name, told, TOLD_AS.get(each.name, each.name)), flush=True)


if __name__ == "__main__":
    main()
