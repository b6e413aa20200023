"""What it costs to judge a recorded run, beside reading its file as lines of JSON.

    python -m benchmarks.judging_histories [--quick]

Processor time of the whole way from the file to the verdict (``cli recheck``), with every check of
the basic protocol; the peer parses each line with the standard library's ``json`` and keeps the
dicts. Both in turn, in one process, and at n, 10 n and 100 n events.
"""

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from asyncproof.checks import THE_PROTOCOL
from asyncproof.harness.history_file import HistoryWriter
from asyncproof.harness.verdict import Outcome
from asyncproof.history.events import (
    Answered,
    CallbackSection,
    Delivered,
    Downloaded,
    Examined,
    File,
    Judged,
    Polled,
    RunEnded,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
    Submitted,
)
from asyncproof.run.recheck import rejudge

POLLS = 94  # differing polls of one job, so that a job has a hundred events


def record(path: Path, jobs: int) -> int:
    """A run of correct jobs, as the testbed records it; the number of its events."""
    path.unlink(missing_ok=True)
    start = RunStarted(at=0.0, run="r", seed=1, wall=1.7e9, target="http://m", settings={})
    with HistoryWriter(path) as history:
        history.append(start)
        history.append(
            ScenarioStarted(at=0.0, name="s", nemesis="Quiet", jobs=jobs, shape="all at once")
        )
        for number in range(jobs):
            record_job(history, number)
        history.append(ScenarioEnded(at=1e5, name="s"))
        names = tuple(check.name for check in THE_PROTOCOL)
        history.append(Judged(at=1e5, scenario="s", checks=names))
        history.append(RunEnded(at=1e5))
    return jobs * (POLLS + 6) + 5


def record_job(history: HistoryWriter, number: int) -> None:
    job, job_id, at = f"job_{number}", f"{number:08d}-0000-4000-8000-000000000000", number * 0.001
    picture = File(path=f"pictures/{number}.png", sha256=f"{number:064d}", size=2_000_000)
    body = {"prompt": "a red fox", "seed": number, "width": 1024, "height": 1024}
    section = CallbackSection(status="delivered", status_code=200, payload_status="completed")
    fields = {"job_id": job_id, "status": "completed", "completed_at": "2026-01-01T00:00:00Z"}
    history.append(Submitted(at=at, job=job, token=job, request=body))
    history.append(
        Answered(at=at, job=job, took=0.01, status_code=202, job_id=job_id, status="queued")
    )
    for poll in range(POLLS):
        last = poll == POLLS - 1
        history.append(
            Polled(
                at=at + poll,
                job=job,
                took=0.004,
                status_code=200,
                job_id=job_id,
                status="completed" if last else "processing",
                progress=100 * poll / POLLS,
                completed_at="2026-01-01T00:00:00Z" if last else None,
                callback=section if last else None,
            )
        )
    history.append(
        Delivered(
            at=at + POLLS - 2,
            began=at + POLLS - 3,
            number=number,
            method="POST",
            path=f"/callback/{job}",
            token=job,
            secret="match",
            fields=fields,
            image=picture,
            answered=200,
            stored=True,
        )
    )
    history.append(Examined(at=at, sha256=picture.sha256, width=1024, height=1024))
    for what in ("result", "result again"):
        history.append(
            Downloaded(
                at=at + POLLS, job=job, what=what, url="/", took=0.1, status_code=200, file=picture
            )
        )


def judge(path: Path) -> None:
    verdict = rejudge(path, {})
    if verdict.outcome is not Outcome.PASS:
        sys.exit(f"the recorded run should pass: {verdict.explain()}")


def as_json(path: Path) -> None:
    with path.open("rb") as lines:
        read = [json.loads(line) for line in lines]
    if not read:
        sys.exit("nothing was read")


def seconds(act: Callable[[Path], None], path: Path) -> float:
    """Processor seconds, without what an earlier round left for the collector."""
    gc.collect()
    began = time.process_time()
    act(path)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="up to 100,000 events")
    rounds, largest = 5, 1_000 if parser.parse_args().quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.ndjson"
        for jobs in (largest // 100, largest // 10, largest):
            events = record(path, jobs)
            pairs = [(seconds(judge, path), seconds(as_json, path)) for _ in range(rounds)]
            ratios = sorted(ours / theirs for ours, theirs in pairs)
            ours, theirs = (median(side) for side in zip(*pairs, strict=True))
            print(
                f"{events:>9} events: judged in {ours:.3f} s, read as JSON in {theirs:.3f} s, "
                f"ratio {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            )
    print(f"ratio judge_history {median(ratios):.2f}")


if __name__ == "__main__":
    main()
