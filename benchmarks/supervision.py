"""How soon the reference miner finds a hang, whether it ever blames healthy work, what it costs.

    python -m benchmarks.supervision [--rounds 5]

Real inference processes with a budget of 1 s and a tick of 0.1 s. *Latency* is the time from the
last evidence (or progress) to the decision: at best the budget, at worst the budget and two ticks.
"""

import argparse
import asyncio
import logging
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from reference.miner.jobs import Job
from reference.miner.messages import Report, State
from reference.miner.supervision.fleet import Fleet, Policy
from tests.support.shop import Shop, a_shop, stuck_lines, until

BUDGET, TICK = 1.0, 0.1
TIMES: dict[str, Any] = {
    "inference_step_timeout": BUDGET,
    "first_step_timeout": BUDGET,
    "post_process_timeout": BUDGET,
    "download_timeout": BUDGET,
    "tick": TICK,
    "job_seconds": 0.1,
}
HANGS: tuple[tuple[str, float], ...] = (
    *(("hang", float(percent)) for percent in (0, 1, 25, 50, 75, 99, 100)),
    *(("hang-beating", float(percent)) for percent in (0, 1, 25, 50, 75, 99, 100)),
    ("oscillating-progress", 40.0),
    ("falling-progress", 50.0),
    ("ignores-sigterm", 42.0),
    ("stall-post-processing", 0.0),
    ("stall-post-processing", 1.0),
)
HEALTHY = (("slow", 4.0), ("bursty", 0.1), ("no-percentage", None), ("floods-output", 64.0))


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


async def latencies(folder: Path, fault: str, value: float, rounds: int) -> list[float]:
    """One reading for each round, from what the miner itself tells of it."""
    lines = Lines()
    logging.getLogger("reference.miner").addHandler(lines)
    try:
        async with a_shop(folder, (fault, value), **TIMES) as shop:
            for _ in range(rounds):
                shop.jobs.clear()
                shop.submit(fault)
                await shop.all_ended()
                await until(lambda: all(slot.idle for slot in shop.engine.fleet.slots))
    finally:
        logging.getLogger("reference.miner").removeHandler(lines)
    found = [re.findall(r"(\d+\.\d)s ago", line) for line in stuck_lines(lines.records)]
    silent = fault in ("hang", "ignores-sigterm") or (fault.startswith("stall") and not value)
    return [float(readings[0 if silent else 1]) for readings in found]


async def false_alarms(folder: Path, runs: int) -> int:
    """Processes replaced in this many runs of healthy work of five kinds."""
    names = ["steady", *(name for name, _ in HEALTHY)]
    async with a_shop(folder, *HEALTHY, **TIMES | {"job_seconds": 0.05}, workers=4) as shop:
        for number in range(runs):
            shop.submit(names[number % len(names)], seed=number)
        await shop.all_ended()
        return shop.engine.books["replaced"]


async def cost_with_pipe(folder: Path) -> float:
    """Processor seconds of the miner for one heartbeat: read, unpack, judge, note."""
    async with a_shop(folder, workers=1, job_seconds=0.0, inference_step_timeout=60.0) as shop:
        return await _cost(shop, [shop.submit("fine", steps=100) for _ in range(100)])


async def _cost(shop: Shop, jobs: Sequence[Job]) -> float:
    heard, began = shop.engine.fleet.heartbeats, time.process_time()
    await until(lambda: all(job.terminal for job in jobs))
    return (time.process_time() - began) / (shop.engine.fleet.heartbeats - heard)


def cost_of_the_rules(heartbeats: int = 100_000) -> float:
    """Processor seconds of the pure part for one heartbeat and one judgement."""
    fleet = Fleet(1, Policy())
    fleet.launched(0, 1, 0.0)
    fleet.heard(0, Report(launch=1, state=State.WAITING), 0.0)
    fleet.assigned(0, "job", "base", 0.0)
    began = time.process_time()
    for number in range(heartbeats):
        at = number * 0.01
        report = Report(launch=1, state=State.INFERRING, key="job", percent=number / heartbeats)
        fleet.heard(0, report, at)
        fleet.tick(at)
    return (time.process_time() - began) / heartbeats


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def measure(rounds: int, folder: Path) -> None:
    """Print a row for each case and the figures at the end."""
    everything: list[float] = []
    say(f"{'case':28} {'rounds':>6} {'p50 s':>6} {'max s':>6}   budget {BUDGET} s, tick {TICK} s")
    for fault, value in HANGS:
        found = await latencies(folder, fault, value, rounds)
        everything += found
        name = f"{fault}:{value:g}"
        say(f"{name:28} {len(found):6} {median(found):6.1f} {max(found):6.1f}")
    runs = 200
    alarms = await false_alarms(folder, runs)
    pipe, rules = await cost_with_pipe(folder), cost_of_the_rules()
    say(f"figure hangs {rounds * len(HANGS)}")
    say(f"figure hangs_missed {rounds * len(HANGS) - len(everything)}")
    say(f"figure detection_p50_s {median(everything):.1f}")
    say(f"figure detection_max_s {max(everything):.1f}")
    say(f"figure healthy_runs {runs}")
    say(f"figure false_alarms {alarms}")
    say(f"figure heartbeat_rules_us {1e6 * rules:.1f}")
    say(f"figure heartbeat_with_pipe_us {1e6 * pipe:.1f}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each case runs")
    arguments = parser.parse_args()
    logging.getLogger("reference.miner").propagate = False
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(arguments.rounds, Path(folder)))


if __name__ == "__main__":
    main()
