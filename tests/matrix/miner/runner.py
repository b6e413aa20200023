"""Runs the suite, as a user does, against a reference miner with a fault, and reads its verdict."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from asyncproof.run.reference_miner import reference_miner
from asyncproof.wire.profile import FOLDER as PROFILES
from tests import ROOT
from tests.matrix.miner.row import Row
from tests.support.forked import NOT_REWRITTEN, module_process
from tests.support.miners import forked_miner

SUITE = ROOT / "tests" / "e2e" / "async_inference"
QUICK_MINER = ("--job-seconds", "0.05")
# A user of the suite has no plugins of our developers' tools; loading them takes three quarters of
# the time of a short run.
OF_USERS = ("asyncproof.pytest_plugin", "timeout", "xdist")
AS_INSTALLED = {
    "PYTEST_ADDOPTS": " ".join(
        f"-p no:{plugin.name}"
        for plugin in entry_points(group="pytest11")
        if plugin.name not in OF_USERS
    )
}
# The same plugins for a row, where pytest need not look through the files of all packages.
OF_A_ROW = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p pytest_timeout"}
TIMEOUT = 240.0  # seconds; far beyond what any row takes
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
    echoes: frozenset[str] = frozenset()


def reported(row: Row, folder: Path) -> Reported:
    """Start a miner as the row says, run its tests against it, and read ``verdict.json``.

    Both are processes of their own, forked from one that has imported what they need."""
    output = folder / "suite.log"
    with forked_miner(_of_the_miner(row), folder / "miner.log") as url:
        options = [*_of_pytest(row), *NOT_REWRITTEN]
        environ = _environ(row, url, folder) | OF_A_ROW
        with module_process("pytest", options, environ=environ, output=output) as suite:
            suite.join(TIMEOUT)
            code = suite.exitcode
    assert code is not None, f"no end within {TIMEOUT} s: {output.read_text()}"
    return _read(folder, code, output.read_text())


def reported_by_commands(row: Row, folder: Path) -> Reported:
    """The same with both programs started as a user starts them."""
    with reference_miner(_of_the_miner(row), folder / "miner.log") as url:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *_of_pytest(row)],
            cwd=ROOT,
            env=_environ(row, url, folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    return _read(folder, ran.returncode, ran.stdout)


def _of_the_miner(row: Row) -> list[str]:
    faults = [word for name in row.faults for word in ("--fault", name)]
    return [*QUICK_MINER, *faults, *row.miner]


def _of_pytest(row: Row) -> list[str]:
    tests = [str(SUITE / test) for test in row.tests]
    return ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests, *row.options]


def _environ(row: Row, url: str, folder: Path) -> dict[str, str]:
    mine = {"ASYNC_MINER_URL": url, "ASYNC_REPORT_DIR": str(folder / "reports")}
    mine |= {"ASYNC_CALLBACK_DIR": str(folder / "callbacks")}
    mine |= {"ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0"}
    if row.promises:
        mine |= {"ASYNC_PROFILE": str(_promising(row.promises, folder))}
    return clean_environ() | AS_INSTALLED | QUICK | mine | dict(row.settings)


def _promising(line: str, folder: Path) -> Path:
    """The profile of the documents with one more line in [callback], which is its last table."""
    profile = folder / "promising.toml"
    documented = (PROFILES / "inference.toml").read_text(encoding="utf-8")
    profile.write_text(f"{documented}{line}\n", encoding="utf-8")
    return profile


def clean_environ() -> dict[str, str]:
    """The environment without what would change a run."""
    ours = ("ASYNC_", "STRESS_", "PYTEST_")
    return {n: v for n, v in os.environ.items() if not n.startswith(ours)}


def _read(folder: Path, exit_code: int, output: str) -> Reported:
    assert list(folder.glob("reports/*/report.html")), output
    clauses, echoes = (_clauses(folder, kind) for kind in ("findings", "echoes"))
    return Reported(clauses, exit_code, output, echoes)


def _clauses(folder: Path, kind: str) -> frozenset[str]:
    verdicts = sorted(folder.glob("reports/*/verdict.json"))
    findings = json.loads(verdicts[-1].read_text())[kind] if verdicts else []
    return frozenset(finding["clause"] for finding in findings)
