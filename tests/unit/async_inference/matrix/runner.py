"""Runs the suite, as a user does, against a reference miner with a fault, and reads its verdict."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.async_inference.reference_miner import reference_miner
from tests.harness.settings import ROOT
from tests.unit.async_inference.matrix.row import Row

SUITE = ROOT / "tests" / "e2e" / "async_inference"
QUICK_MINER = ("--job-seconds", "0.05")
# A user of the suite has no plugins of our developers' tools; loading them takes half of the time
# of a short run.
AS_INSTALLED = {"PYTEST_ADDOPTS": "-p no:hypothesispytest -p no:anyio"}
# Small pictures and short waits. The waits are only used up where a fault makes the suite wait.
QUICK = {
    "ASYNC_IMAGE_SIZE": "128x128",
    "ASYNC_STEPS": "10",
    "ASYNC_POLL_INTERVAL": "0.05",
    "ASYNC_JOB_TIMEOUT": "20",
    "ASYNC_STEP_TIMEOUT": "3",
    "ASYNC_FIRST_STEP_TIMEOUT": "3",
    "ASYNC_PRELOAD_TIMEOUT": "0",
    "ASYNC_DOWNLOAD_TIMEOUT": "0",
    "ASYNC_POST_PROCESS_TIMEOUT": "15",
    "ASYNC_PROCESS_TIMEOUT": "15",
    "ASYNC_SILENCE_TIMEOUT": "3",
    "ASYNC_CALLBACK_TIMEOUT": "3",
    "ASYNC_STRAGGLER_WAIT": "0.3",
    "STRESS_TEST_CONCURRENT": "6",
    "STRESS_TEST_SEQUENTIAL": "5",
}


@dataclass(frozen=True, slots=True)
class Reported:
    """What the suite said of one miner."""

    clauses: frozenset[str]
    exit_code: int
    output: str


def reported(row: Row, folder: Path) -> Reported:
    """Start a miner as the row says, run its tests against it, and read ``verdict.json``."""
    fault = [word for name in row.faults for word in ("--fault", name)]
    log = folder / "miner.log"
    with reference_miner([*QUICK_MINER, *fault, *row.miner], log) as url:
        return _run_suite(row, url, folder)


def _run_suite(row: Row, url: str, folder: Path) -> Reported:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += [*(str(SUITE / test) for test in row.tests), *row.options]
    mine = {"ASYNC_MINER_URL": url, "ASYNC_REPORT_DIR": str(folder / "reports")}
    mine |= {"ASYNC_CALLBACK_DIR": str(folder / "callbacks")}
    mine |= {"ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0"}
    kept = {
        n: v for n, v in os.environ.items() if not n.startswith(("ASYNC_", "STRESS_", "PYTEST_"))
    }
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=kept | AS_INSTALLED | QUICK | mine | dict(row.settings),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    output = ran.stdout + ran.stderr
    assert list(folder.glob("reports/*/report.html")), output
    return Reported(_clauses(folder), ran.returncode, output)


def _clauses(folder: Path) -> frozenset[str]:
    verdicts = sorted(folder.glob("reports/*/verdict.json"))
    findings = json.loads(verdicts[-1].read_text())["findings"] if verdicts else []
    return frozenset(finding["clause"] for finding in findings)


def listed(title: str) -> dict[str, str]:
    """Names and clauses that ``--list-faults`` prints under a title (``Faults``)."""
    command = [sys.executable, "-m", "reference.miner", "--list-faults"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    section = next(
        part for part in re.split(r"^(?=\S)", text, flags=re.M) if part.startswith(title)
    )
    return dict(_entries(section.splitlines()[1:]))


def _entries(lines: Sequence[str]) -> list[tuple[str, str]]:
    found = (re.match(r"\s+(\S+)\s.*?(?:\[([A-Z]+-\d+)\])?$", line) for line in lines)
    return [(match[1], match[2] or "") for match in found if match]
