"""How soon the suite finds a hung job from outside, whom it accuses wrongly, and what it costs.

    python -m benchmarks.hung_jobs [--quick]

Real reference miners, a step budget of 1.5 s, a poll each 0.1 s. *Late* is the time by which the
clock that ran out was over its budget when the job was given up: two polls at most, plus what the
machine takes. The cost is processor time of judging one polled answer, beside that of reading it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from asyncproof.history.history import History
from asyncproof.history.job_health import JobHealth
from asyncproof.history.recorder import Recorder
from asyncproof.liveness.clocks import Budgets, Clocks
from asyncproof.run.reference_miner import reference_miner
from asyncproof.run.testbed import Testbed
from asyncproof.settings import Settings
from asyncproof.wire import protocol
from asyncproof.wire.dialect import documented
from asyncproof.workload.scenario import a_job, burst

HANGS = (
    *(f"hang:{percent}" for percent in (0, 1, 25, 50, 75, 99, 100)),
    "hang-beating:42",
    "oscillating-progress",
    "falling-progress",
    "stall-post-processing",
    "status-unanswered",
)
HEALTHY = ((), ("bursty:0.4",), ("slow:8",), ("no-percentage",))
AT_ONCE = 4
SETTINGS = {
    "ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0",
    "ASYNC_IMAGE_SIZE": "64x64",
    "ASYNC_STEPS": "10",
    "ASYNC_POLL_INTERVAL": "0.1",
    "ASYNC_STEP_TIMEOUT": "1.5",
    "ASYNC_FIRST_STEP_TIMEOUT": "1.5",
    "ASYNC_PRELOAD_TIMEOUT": "0",
    "ASYNC_DOWNLOAD_TIMEOUT": "0",
    "ASYNC_POST_PROCESS_TIMEOUT": "0.5",
    "ASYNC_CALLBACK_TIMEOUT": "1",
    "ASYNC_SILENCE_TIMEOUT": "1.5",
}


def run(arguments: Sequence[str], jobs: int, rounds: int = 1) -> list[History]:
    """Bursts of jobs against a miner with these arguments."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"ASYNC_CALLBACK_DIR": f"{folder}/callbacks"}
        settings = Settings().override_variables(SETTINGS | own)
        miner = ["--workers", str(AT_ONCE), "--job-seconds", "0.3", *arguments]
        with (
            reference_miner(miner) as url,
            Testbed.open(settings, url, Recorder(Path(folder)), seed=1) as testbed,
        ):
            return [testbed.run(burst([a_job(n) for n in range(jobs)])) for _ in range(rounds)]


def lateness(fault: str, rounds: int) -> list[float]:
    """Seconds over the budget of each job that hung; one that was missed counts as infinite."""
    budgets, late = Budgets.of(Settings().override_variables(SETTINGS)), list[float]()
    for _ in range(rounds):
        (history,) = run(["--fault", fault], AT_ONCE)
        for job in history.accepted:
            found = job.gave_up[0].diagnosis if job.gave_up else None
            if found is None:
                late.append(float("inf"))
            elif found.life is JobHealth.DEAD:
                late.append(found.silent - budgets.silence)
            else:
                late.append(found.still - budgets.still(found.stage))
    return late


def accused(variation: Sequence[str], rounds: int) -> tuple[int, int]:
    """Healthy jobs, and how many of them were given up."""
    arguments = [word for name in variation for word in ("--variation", name)]
    jobs = [job for history in run(arguments, 2 * AT_ONCE, rounds) for job in history.accepted]
    return len(jobs), sum(bool(job.gave_up) for job in jobs)


def cost(act: Callable[[int], object], times: int) -> float:
    """Processor seconds of one call."""
    began = time.process_time()
    for n in range(times):
        act(n)
    return (time.process_time() - began) / times


def costs(rounds: int) -> tuple[list[float], list[float]]:
    """Of reading a polled answer and of judging it, in turn."""
    body = b'{"job_id": "a", "status": "processing", "progress": 42.0, "request": {"prompt": "x"}}'
    answer = protocol.MinerAnswer(0.01, 200, "application/json", body)
    budgets = Budgets.of(Settings())
    clocks = Clocks.started(0.0).heard_at(0.0, "processing", 42.0)

    def judge(n: int) -> object:
        seen = clocks.heard_at(n, "processing", n / 1000)
        return seen.life(n, budgets), seen.deadline(budgets)

    def read(n: int) -> object:
        return documented().read_status("job", answer, "secret", n)

    pairs = [(cost(read, 5000), cost(judge, 5000)) for _ in range(rounds)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two kinds of hang, one round")
    quick = parser.parse_args().quick
    print = lambda *words: sys.stdout.write(" ".join(map(str, words)) + "\n")  # noqa: A001,E731
    worst, missed = 0.0, 0
    for fault in ("hang:42", "status-unanswered") if quick else HANGS:
        late = lateness(fault, 1 if quick else 3)
        worst, missed = max(worst, *late), missed + late.count(float("inf"))
        print(f"{fault:24} {len(late)} hung, late p50 {median(late):.3f} s, max {max(late):.3f} s")
    healthy = [accused(v, 1 if quick else 5) for v in (HEALTHY[:1] if quick else HEALTHY)]
    jobs, wrong = (sum(column) for column in zip(*healthy, strict=True))
    print(f"missed: {missed}; healthy jobs accused: {wrong} of {jobs}")
    read, judged = costs(5)
    for name, seen in (("read", read), ("judge", judged)):
        print(f"{name} one answer: {min(seen) * 1e6:.1f} to {max(seen) * 1e6:.1f} us")
    print(f"ratio judge-a-polled-answer {median(judged) / median(read):.2f}")


if __name__ == "__main__":
    main()
