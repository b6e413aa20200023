"""How often a miner that is right is accused, in many runs against the reference miner.

    python -m benchmarks.false_alarms [--quick] [--runs 20] [--at-once 2]

The whole suite against the correct miner, and for each permitted variation what the matrix runs
(``tests/matrix/miner/permitted.py``), again and again, each run with its own seed.
Warnings count as well. A run that ends otherwise than with PASS is shown with its last lines.
"""

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from asyncproof.harness.exit_codes import ExitCode
from reference.catalog import by_name
from reference.miner.seams import Fault
from reference.miner.variations import VARIATIONS
from tests.matrix.miner.permitted import correct
from tests.matrix.miner.runner import Reported, reported

SHOWN = 15  # last lines of a run that was not clean


def once(variation: str) -> tuple[str, Reported]:
    with tempfile.TemporaryDirectory() as folder:
        return variation, reported(correct(variation), Path(folder))


def is_clean(seen: Reported) -> bool:
    return not seen.clauses and seen.exit_code == ExitCode.PASS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one run each of three miners")
    parser.add_argument("--runs", type=int, default=20, help="runs of each miner")
    parser.add_argument("--at-once", type=int, default=2, help="runs side by side")
    chosen = parser.parse_args()
    miners = ["", *by_name(VARIATIONS, Fault)]
    miners, runs = (miners[:3], 1) if chosen.quick else (miners, chosen.runs)
    accused = Counter[str]()
    with ThreadPoolExecutor(chosen.at_once) as pool:
        for done in as_completed([pool.submit(once, m) for _ in range(runs) for m in miners]):
            variation, seen = done.result()
            accused[variation] += not is_clean(seen)
            if not is_clean(seen):
                last = "\n".join(seen.output.splitlines()[-SHOWN:])
                sys.stdout.write(f"not clean: {variation or 'correct'}\n{last}\n")
    for miner in miners:
        sys.stdout.write(f"{miner or 'correct':28} {runs} runs, {accused[miner]} not clean\n")
    sys.stdout.write(f"ratio false-alarms {accused.total()}/{runs * len(miners)}\n")


if __name__ == "__main__":
    main()
