"""How long a run goes on after its last job has ended, until the verdict is there.

    python -m benchmarks.time_to_verdict [--quick]

The stress test as a user runs it, with 50 jobs of 1024x1024 at once against the bundled reference
miner. From the run's own history: the poll that showed the last end, and the event that notes the
verdict. In between lie the last callbacks and downloads, the examination of the last pictures, and
the judging. Wall time, and its share of the time that the jobs took; at n, 10 n and 50 n jobs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from asyncproof.history.build import split
from asyncproof.history.events import Judged, reader
from tests import ROOT

TEST = "tests/e2e/async_inference/test_race_conditions.py::test_rapid_concurrent_inference"


def measured(jobs: int) -> tuple[float, float]:
    """Seconds from the last end to the verdict, and from the first submission to the last end."""
    with tempfile.TemporaryDirectory() as folder:
        mine = {
            "ASYNC_MINER_URL": "reference",
            "ASYNC_REPORT_DIR": f"{folder}/reports",
            "ASYNC_CALLBACK_DIR": f"{folder}/callbacks",
            "STRESS_TEST_CONCURRENT": str(jobs),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST]
        ran = subprocess.run(
            command, cwd=ROOT, env=os.environ | mine, capture_output=True, text=True, check=False
        )
        histories = sorted(Path(folder).glob("reports/*/history.ndjson"))
        if ran.returncode not in (0, 4) or not histories:  # one job alone is inconclusive
            raise SystemExit(f"the run failed:\n{ran.stdout}{ran.stderr}")
        return _from_history(histories[0])


def _from_history(path: Path) -> tuple[float, float]:
    events = list(reader.read(path))
    stress = split(events)[1][-1]
    first = min(job.submitted.at for job in stress)
    last = max(job.terminal.at for job in stress if job.terminal)
    verdict = next(e.at for e in events if isinstance(e, Judged) and e.at >= last)
    return verdict - last, last - first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="50 jobs only, two rounds")
    quick = parser.parse_args().quick
    afterwards: list[float] = []
    for jobs in (50,) if quick else (1, 10, 50):
        seen = [measured(jobs) for _ in range(2 if quick else 5)]
        afterwards, took = [a for a, _ in seen], median(t for _, t in seen)
        sys.stdout.write(
            f"{jobs:3} jobs in {took:.1f} s, then {median(afterwards):.2f} s to the verdict "
            f"({min(afterwards):.2f} to {max(afterwards):.2f})\n"
        )
    sys.stdout.write(f"ratio seconds-to-the-verdict-of-50-jobs {median(afterwards):.2f}\n")


if __name__ == "__main__":
    main()
