"""What it costs to judge a 1024×1024 photo PNG, against the six rules with Pillow and plain numpy.

    python -m benchmarks.pictures_speed [--quick]

Processor time, both sides interleaved on the same pictures; then the rate of one and of two
processes, by the clock and without the time in which other work held the cores (Linux counts it),
and the memory of a long run.
"""

import argparse
import collections
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from asyncproof.images.describe import describe, describe_compiled
from asyncproof.validation.work import ValidationRules, judge_files
from benchmarks.pictures_corpus import photos, png_bytes, reference_pictures

SIZE = (1024, 1024)
WARM_UP = 64  # pictures for each process


def by_the_six_rules(data: bytes) -> bool:
    """The peer: the rules as they read, one decode for the validator and one for the bottom."""
    if not 100_000 < len(data) < 10_000_000:
        return False
    with Image.open(io.BytesIO(data)) as image:
        image.verify()
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.array(image.convert("RGB"))
    if pixels.shape[:2] != SIZE or np.mean(np.all(pixels < 10, axis=2)) >= 0.5:
        return False
    if np.var(pixels) <= 100:
        return False
    with Image.open(io.BytesIO(data)) as image:
        bottom = np.array(image.convert("RGB"))[717:]
    return bool(np.mean(np.all(bottom < 10, axis=(1, 2))) <= 0.5)


def milliseconds(judge: Callable[[bytes], object], files: list[bytes]) -> float:
    """Processor time for one picture."""
    started = time.process_time()
    for data in files:
        judge(data)
    return (time.process_time() - started) / len(files) * 1000


def interleaved(files: list[bytes], rounds: int) -> None:
    """Print the processor time of each side and their ratio."""
    sides: dict[str, Callable[[bytes], object]] = {
        "six rules, Pillow and numpy": by_the_six_rules,
        "file and looks, numpy": lambda data: describe(data, expected=SIZE),
        "file and looks, compiled": lambda data: describe_compiled(data, expected=SIZE),
    }
    for judge in sides.values():
        judge(files[0])  # loading and compiling are not what is measured
    times = {name: [milliseconds(judge, files) for _ in range(1)] for name, judge in sides.items()}
    for _ in range(rounds - 1):
        for name, judge in sides.items():
            times[name].append(milliseconds(judge, files))
    for name, taken in times.items():
        low, high = min(taken), max(taken)
        print(f"{name:<28} {statistics.median(taken):6.1f} ms a picture ({low:.1f} to {high:.1f})")
    peer, plain, quick = times.values()
    print(f"ratio judge-picture-numpy {_ratio(peer, plain):.2f}")
    print(f"ratio judge-picture {_ratio(peer, quick):.2f}")


def _ratio(peer: list[float], ours: list[float]) -> float:
    """The median over the rounds: what disturbs one side of a round disturbs the other."""
    return statistics.median(p / o for p, o in zip(peer, ours, strict=True))


@dataclass(frozen=True)
class Pass:
    """One pass over the files: pictures a second, the same without the time in which other work
    held the cores, processor time of a picture in ms, and the memory of the parent after it."""

    rate: float
    own_rate: float
    cost: float
    memory: float


def one_pass(paths: list[str], workers: int) -> Pass:
    """The clock starts when every process has loaded its code and judged some."""
    stream = judge_files(paths, ValidationRules(SIZE), workers)
    collections.deque(islice(stream, WARM_UP * workers), maxlen=0)
    started, before = time.perf_counter(), _times()
    count = sum(1 for _ in islice(stream, len(paths) - 2 * WARM_UP * workers))
    took, after = time.perf_counter() - started, _times()
    spent = {pid: [b - a for a, b in zip(before[pid], after[pid], strict=True)] for pid in before}
    busy = sorted(spent.values())[-workers:]
    waited = statistics.mean(wait for _, wait in busy)
    cost = sum(cpu for cpu, _ in spent.values()) / count * 1000
    memory = psutil.Process().memory_info().rss / 2**20
    collections.deque(stream, maxlen=0)
    return Pass(count / took, count / (took - waited), cost, memory)


def _times() -> dict[int, tuple[float, float]]:
    """Of this process and its children: seconds on a core, and waiting for one that is taken."""
    found = {}
    for process in (psutil.Process(), *psutil.Process().children()):
        threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
        times = [[int(n) / 1e9 for n in t.read_text().split()[:2]] for t in threads]
        found[process.pid] = max(tuple(each) for each in times)
    return found


def on_all_cores(paths: list[str], rounds: int) -> None:
    """Print the rate of one and of two processes, and how the memory of the run grows."""
    passes: dict[int, list[Pass]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers, seen in passes.items():
            seen.append(one_pass(paths, workers))
    for workers, seen in passes.items():
        rate, own, cost = (
            statistics.median(getattr(each, name) for each in seen)
            for name in ("rate", "own_rate", "cost")
        )
        print(
            f"{workers} process(es): {rate:.0f} pictures a second, {own:.0f} without the time that "
            f"other work took, {cost:.1f} ms of processor time a picture"
        )
    for name, field in (("judge-two-cores-as-shared", "rate"), ("judge-two-cores", "own_rate")):
        both = [
            getattr(two, field) / getattr(one, field)
            for one, two in zip(*passes.values(), strict=True)
        ]
        print(f"{name}: {min(both):.2f} to {max(both):.2f}")
        print(f"ratio {name} {statistics.median(both):.2f}")
    memory = [each.memory for pair in zip(*passes.values(), strict=True) for each in pair]
    print(f"memory after each pass over {len(paths)} files, MiB: {[round(m) for m in memory]}")
    print(f"ratio judge-memory-growth {memory[-1] / memory[1]:.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    quick = parser.parse_args().quick
    found = list(islice(photos(score=True, crops=1), 4 if quick else 12)) or reference_pictures(8)
    files = [png_bytes(picture.pixels) for picture in found]
    print(f"{len(files)} photos, {sum(map(len, files)) / len(files) / 1e6:.1f} MB each")
    interleaved(files, 5)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for n, data in enumerate(files):
            path = Path(folder, f"{n}.png")
            path.write_bytes(data)
            paths.append(str(path))
        count, rounds = (480, 2) if quick else (2000, 5)
        on_all_cores(list(islice(cycle(paths), count)), rounds)


if __name__ == "__main__":
    main()
