"""What the server's own multipart parser saves, beside python-multipart and multipart.

    python -m benchmarks.multipart_parsers [--quick]

Processor time of the whole callback server for one callback, with each of the three parsers in
turn in every round; all else is the same.
"""

import argparse
import contextlib
import random
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.callback_ingest import KIB, MIB, Server, deliver, in_words, place, say, started

PARSERS = ("ours", "python-multipart", "multipart")


def compare(size: int, count: int, rounds: int) -> dict[str, list[float]]:
    """Processor seconds for one callback of ``size`` bytes, by parser, round by round."""
    image = random.Random(1).randbytes(size)
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(dir=place(size))))
        servers: dict[str, Server] = {
            name: running.enter_context(
                started(["-m", "benchmarks.peers.other_parsers", name], folder / name)
            )
            for name in PARSERS
        }
        spent: dict[str, list[float]] = {name: [] for name in PARSERS}
        for turn in range(rounds):
            for name, server in servers.items():
                spent[name].append(deliver(server, image, count, f"{size}-{turn}"))
    return spent


def main() -> None:
    """Measure and print; the ratios are in the last lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    quick = parser.parse_args().quick
    ratios = []
    for label, size, count in (
        ("2_kb", 2 * KIB, 100 if quick else 400),
        ("4_mb", 4 * MIB, 6 if quick else 25),
    ):
        spent = compare(size, count, 7 if quick else 9)
        for name, seconds in spent.items():
            say(f"{label:>7}  {name:18} {in_words(seconds)}")
            each = median(t / m for m, t in zip(spent["ours"], seconds, strict=True))
            if name != "ours":
                ratios.append(f"ratio parser_{label}_{name} {each:.2f}")
    say("\n".join(ratios))


if __name__ == "__main__":
    main()
