"""What a long stress run costs: memory over its length, and processor time for a job.

    python -m benchmarks.stress_runs [--quick] [--jobs 200000]

Against a stand-in miner in a process of its own. Memory is that of the whole process of
``asyncproof stress``, at each tenth of the run; the growth is from the first tenth to the end. The
peer is Locust's own FastHttpUser, which only submits and polls: both as processes, in turn, with
their start, so that the processor time of a job is what a machine pays. Where Locust is not
installed (``requirements_locust.txt``), set LOCUST_PYTHON to an interpreter that has it.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).parents[1]
MIB = 2**20
IN_FLIGHT = 64


@contextmanager
def a_miner(seconds: float = 0.05) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "url"
        command = [sys.executable, "-m", "benchmarks.peers.stand_in_miner", ready, str(seconds)]
        with subprocess.Popen(command, cwd=ROOT) as miner:
            while not ready.exists():
                if miner.poll() is not None:
                    raise SystemExit("the stand-in miner did not start")
                time.sleep(0.05)
            try:
                yield ready.read_text()
            finally:
                miner.terminate()


def ours(url: str, jobs: int, reports: Path, concurrency: int = IN_FLIGHT) -> list[str]:
    return [
        *(sys.executable, "-m", "asyncproof", "stress", "--miner", url, f"--jobs={jobs}"),
        *(f"--concurrency={concurrency}", "--size=16x16", "--steps=2", "--poll-interval=1"),
        *("--callback-base=http://127.0.0.1:0", f"--report-dir={reports}"),
    ]


def locust(url: str, jobs: int) -> list[str] | None:
    python = os.environ.get("LOCUST_PYTHON") or (
        sys.executable if importlib.util.find_spec("locust") else None
    )
    if python is None:
        return None
    peer = "benchmarks/peers/fast_http_user.py"
    users = [f"--users={IN_FLIGHT}", f"--spawn-rate={IN_FLIGHT}"]
    return [
        *(python, "-m", "locust", "-f", peer, "--headless", "--host", url),
        *(*users, f"--jobs={jobs}", "--only-summary"),
    ]


def processor_seconds(command: list[str]) -> float:
    """Of the process and what it waited for."""
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(map(str, command))}")
    return used.ru_utime + used.ru_stime


def memory_over(url: str, jobs: int) -> list[tuple[int, float]]:
    """MiB of the process at each tenth of its jobs, by what its history has."""
    seen = list[tuple[int, float]]()
    with tempfile.TemporaryDirectory() as folder:
        reports = Path(folder)
        with subprocess.Popen(
            ours(url, jobs, reports), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            me, settled, read = psutil.Process(process.pid), 0, 0
            while process.poll() is None:
                for history in reports.glob("*/history.ndjson"):
                    with history.open("rb") as file:
                        file.seek(read)
                        more = file.read()
                    read += len(more)
                    settled += more.count(b'"type":"Settled"')
                if settled >= (len(seen) + 1) * jobs // 10:
                    seen.append((settled, me.memory_info().rss / MIB))
                    print(f"{settled:>8} jobs: {seen[-1][1]:.1f} MiB", flush=True)
                time.sleep(0.2)
            if process.returncode:
                raise SystemExit(f"{process.stdout.read().decode() if process.stdout else ''}")
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 jobs, one round")
    parser.add_argument("--jobs", type=int, help="of the run whose memory is measured [20000]")
    given = parser.parse_args()
    jobs, compared, rounds = (500, 400, 1) if given.quick else (20_000, 2_000, 5)
    jobs = given.jobs or jobs
    with a_miner() as url:
        seen = memory_over(url, jobs)
        print(f"ratio stress_memory_mib {seen[-1][1]:.0f}")
        print(f"ratio stress_memory_growth {seen[-1][1] / seen[0][1]:.3f}")
        theirs = locust(url, compared)
        if theirs is None:
            print("no Locust to compare with: pip install -r requirements_locust.txt")
            return
        ratios = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                mine = processor_seconds(ours(url, compared, Path(folder)))
            its = processor_seconds(theirs)
            ratios.append(mine / its)
            each = 1e3 / compared
            print(f"a job: stress {mine * each:.2f} ms, FastHttpUser {its * each:.2f} ms")
        print(
            f"stress / FastHttpUser: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
        print(f"ratio stress_job_against_locust {median(ratios):.2f}")


if __name__ == "__main__":
    main()
