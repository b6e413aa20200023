"""What a run asks of a miner, with the jobs of tests shared and without, at several speeds.

    python -m benchmarks.run_cost [--quick]

From the plans that ``--plan`` prints for the quick, the default and the full run: nothing is
sent, and the times are computed, for a miner with two engines. A ratio is what sharing leaves of
the cost.
"""

import argparse
import os
import re
import subprocess
import sys

from tests import ROOT

EXTENTS = {"quick": ["--quick"], "default": [], "full": ["--full"]}
COST = re.compile(r"at most (\d+) pictures?\b.* in \d+ scenarios?, as much work as (\d+) of")


def planned(*options: str) -> tuple[int, int, str]:
    """Pictures, their worth in pictures of the settings, and the line about times."""
    command = [sys.executable, "-m", "pytest", "tests/e2e/async_inference", "-q", "--plan"]
    ran = subprocess.run(
        [*command, *options],
        cwd=ROOT,
        env=os.environ | {"ASYNC_MINER_URL": "reference"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = COST.search(ran.stdout)
    if found is None:
        raise SystemExit(f"no plan:\n{ran.stdout}")
    times = next(line for line in ran.stdout.splitlines() if "engines take" in line)
    return int(found[1]), int(found[2]), times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the same; it takes seconds")
    parser.parse_args()
    for name, options in EXTENTS.items():
        shared, alone = planned(*options), planned(*options, "--no-sharing")
        for what, (pictures, worth, times) in (("shared", shared), ("alone", alone)):
            print(f"{name}, {what}: {pictures} pictures, worth {worth}; {times}")
        print(f"ratio run-pictures-{name} {shared[0] / alone[0]:.2f}")
        print(f"ratio run-work-{name} {shared[1] / alone[1]:.2f}")


if __name__ == "__main__":
    main()
