"""What a real engine does to equal requests: ``python -m benchmarks.pictures_engine``.

First, how far two pictures of one request are apart in quiet and beside other jobs, in each dtype.
Then whether the comparison with an idle reference finds the defects of engines, and how often it
accuses a sound one. Needs ``requirements_engine.txt``.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from asyncproof.images.reference.judgement import Likeness, Tolerance, judge
from reference.engine.adapters import Adapter
from reference.engine.faults import known
from reference.engine.messages import Order
from reference.engine.names import DTYPES
from reference.engine.sampler import Job, Sampler
from reference.engine.weights import adapter_file, load_adapter, load_model
from reference.miner.loras import LORAS
from reference.miner.pictures.kinds import Light, Pixels

PROMPTS = (
    "mountain lake",
    "portrait of a girl with blue hair",
    "city skyline",
    "sea at sunset",
    "a flower in a garden",
    "flat illustration",
    "night sky",
)
COMPANY = (0, 1, 2, 4, 8)
BANDS = ((0, 1 / 16), (1 / 16, 1 / 8), (1 / 8, 1 / 4), (1 / 4, 1 / 2))
"""Of the sampling frequency: a half of it is one line dark, one line bright."""
WINDOW, REACH = 16, 4  # pixels that are looked for, and how far to each side
SHARP = 25  # levels of deviation that make an edge in a window


def order(number: int, side: int, lora: str | None = None) -> Order:
    return Order(
        prompt=PROMPTS[number % len(PROMPTS)],
        width=side,
        height=side,
        steps=20,
        guidance=7.0,
        seed=number,
        lora=lora,
    )


def made(sampler: Sampler, orders: Sequence[Order], stagger: int = 0) -> list[Pixels]:
    """The pictures of these orders in flight together, each ``stagger`` steps after the last."""
    jobs: dict[Job, int] = {}
    found: dict[int, Pixels] = {}
    waiting = list(enumerate(orders))
    rounds = 0
    while waiting or sampler.busy:
        while waiting and waiting[0][0] * stagger <= rounds:
            number, asked = waiting.pop(0)
            jobs[sampler.admit(asked, lambda _percent: None)] = number
        for job, pixels in sampler.round():
            found[jobs[job]] = pixels
        rounds += 1
    return [found[number] for number in range(len(orders))]


@dataclass(frozen=True, slots=True)
class Apart:
    """How far two pictures are apart: mean, 99.9th percentile and largest difference in levels, the
    95th percentile of how far edges moved in pixels, and the difference in each band as a share of
    what the picture has there."""

    mean: float
    most: float
    largest: float
    moved: float
    bands: tuple[float, ...]


def apart(picture: Pixels, other: Pixels) -> Apart:
    levels = np.abs(picture.astype(np.int16) - other)
    return Apart(
        float(levels.mean()),
        float(np.percentile(levels, 99.9)),
        float(levels.max()),
        edges_moved(picture.mean(axis=2), other.mean(axis=2)),
        by_frequency(picture.mean(axis=2), other.mean(axis=2)),
    )


def edges_moved(picture: Light, other: Light) -> float:
    """The 95th percentile, over windows with an edge in them, of how far away the other picture
    has what is most like the window."""
    found = []
    height, width = picture.shape
    for top in range(REACH, height - WINDOW - REACH + 1, WINDOW):
        for left in range(REACH, width - WINDOW - REACH + 1, WINDOW):
            window = picture[top : top + WINDOW, left : left + WINDOW]
            if window.std() >= SHARP:
                found.append(_moved(window, other, top, left))
    return float(np.percentile(found, 95)) if found else 0.0


def _moved(window: Light, other: Light, top: int, left: int) -> float:
    best = (np.inf, 0.0)
    for down in range(-REACH, REACH + 1):
        for right in range(-REACH, REACH + 1):
            rows = slice(top + down, top + down + WINDOW)
            there = other[rows, left + right : left + right + WINDOW]
            far = float(np.hypot(down, right))
            best = min(best, (float(np.abs(window - there).mean()) + 1e-6 * far, far))
    return best[1]


def by_frequency(picture: Light, other: Light) -> tuple[float, ...]:
    """The amplitude of the difference in each band, divided by that of the picture."""
    rows, columns = (np.fft.fftfreq(side) for side in picture.shape)
    away = np.hypot(rows[:, None], columns[None, :])
    own, rest = (np.abs(np.fft.fft2(light)) ** 2 for light in (picture, picture - other))
    shares = []
    for low, high in BANDS:
        band = (away > low) & (away <= high)
        shares.append(float(np.sqrt(rest[band].sum() / own[band].sum())))
    return tuple(shares)


def adapters() -> dict[str, Adapter]:
    return {lora: load_adapter(adapter_file(lora)) for lora in LORAS}


def sampler(dtype: str, largest: int, fault: str = "") -> Sampler:
    return Sampler(
        load_model(),
        adapters(),
        dtype=dtype,
        largest=largest,
        fault=known()[fault]() if fault else None,
    )


def distances(requests: int, side: int) -> None:
    """The table of how far pictures are apart."""
    print(
        f"{requests} requests, {side} x {side} pixels, 20 steps: medians, and the worst moved edge"
    )
    print("dtype     beside  mean  99.9 %  largest  edges moved  by frequency, low to high")
    for dtype in DTYPES:
        engine = sampler(dtype, max(COMPANY) + 1)
        quiet = [made(engine, [order(n, side)])[0] for n in range(requests)]
        for others in COMPANY:
            found = []
            for number in range(requests):
                company = [order(100 + number + k, side) for k in range(others)]
                picture = made(engine, [order(number, side), *company])[0]
                found.append(apart(quiet[number], picture))
            told = [
                float(np.median([getattr(one, f) for one in found]))
                for f in ("mean", "most", "largest")
            ]
            moved = max(one.moved for one in found)
            bands = np.median([one.bands for one in found], axis=0)
            print(
                f"{dtype:10}{others:6}{told[0]:6.2f}{told[1]:8.1f}{told[2]:9.0f}{moved:13.1f}  "
                + " ".join(f"{share:7.1%}" for share in bands),
                flush=True,
            )


def judged(dtype: str, fault: str, requests: int, side: int) -> tuple[int, int, str]:
    """How many pictures of a load of three at a time are damaged beside their idle reference, of
    how many, and the first reason."""
    engine = sampler(dtype, 3, fault)
    orders = [order(n, side, LORAS[0] if n % 3 == 1 else None) for n in range(requests)]
    quiet = [made(engine, [asked])[0] for asked in orders]
    accused, why = 0, ""
    for first in range(0, requests, 3):
        load = made(engine, orders[first : first + 3], stagger=2)
        for picture, reference in zip(load, quiet[first : first + 3], strict=True):
            found = judge(picture, reference, Tolerance(levels=2.0))
            if found.likeness is Likeness.DAMAGED:
                accused += 1
                why = why or (found.difference.reason if found.difference else "")
    return accused, len(orders), why


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=7, help="of which distances are measured")
    parser.add_argument("--judged", type=int, default=12, help="pictures for each defect")
    parser.add_argument("--side", type=int, default=256, help="pixels")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    distances(asked.requests, asked.side)
    print(f"\nDamaged beside their idle reference, {asked.side} pixels, three at a time")
    for dtype in DTYPES:
        accused, of, why = judged(dtype, "", 3 * asked.judged, asked.side)
        print(f"  sound, {dtype}: {accused} of {of} {why}", flush=True)
    for fault in known():
        if fault:
            accused, of, why = judged("bfloat16", fault, asked.judged, asked.side)
            print(f"  {fault}: {accused} of {of} {why}", flush=True)
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
