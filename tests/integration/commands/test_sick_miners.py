"""A miner on which nothing works is told at once, with the default limits of the suite."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from asyncproof.harness.exit_codes import ExitCode
from tests import ROOT
from tests.support.miners import forked_miner
from tests.support.shell import Ran, Shell
from tests.support.waiting import until

SUITE = "tests/e2e/async_inference"
DEFAULT_LIMITS = {
    "ASYNC_JOB_TIMEOUT": "240",
    "ASYNC_STEP_TIMEOUT": "600",
    "ASYNC_SILENCE_TIMEOUT": "60",
    "ASYNC_STEPS": "20",
}


def clauses(shell: Shell) -> list[str]:
    """The clauses that were found broken, without what they explain, what leads first."""
    (path,) = shell.folder.glob("reports/2*/verdict.json")
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return list(dict.fromkeys(finding["clause"] for finding in told["findings"]))


def completed(ran: Ran) -> int:
    (count,) = re.findall(r"^(\d+) jobs completed", ran.output, re.MULTILINE) or ["0"]
    return int(count)


@pytest.mark.parametrize(
    ("fault", "why", "clause"),
    [
        ("out-of-memory", "every job fails (failed: out of memory)", "SCH-2"),
        ("submission-without-id", "no submission is accepted", "SUB-1"),
        ("hang:50", "the engine is dead since job_001", "LIV-2"),
    ],
)
def test_what_ails_every_job_is_confirmed_by_one_more_and_ends_the_pictures(
    shell: Shell, fault: str, why: str, clause: str
) -> None:
    with forked_miner(["--fault", fault, "--job-seconds", "0.4"]) as miner:
        ran = shell.suite(SUITE, ASYNC_MINER_URL=miner, **DEFAULT_LIMITS)
    assert ran.code == ExitCode.FINDINGS, ran.output
    assert ran.output.count(f"not run: {why}") == 1, ran.output
    assert clauses(shell)[0] == clause
    assert "✓ test_unknown_ids_are_not_found" in ran.output  # which needs no engine
    assert completed(ran) == 0


def test_a_miner_that_is_gone_is_one_finding_and_the_rest_is_not_run(
    shell: Shell, tmp_path: Path
) -> None:
    with mortal_miner(tmp_path) as (miner, url), ThreadPoolExecutor() as beside:
        killed = beside.submit(kill_at_work, miner, shell)
        ran = shell.suite(SUITE, ASYNC_MINER_URL=url, **DEFAULT_LIMITS)
        killed.result()
    assert ran.code == ExitCode.FINDINGS, ran.output
    assert ran.output.count("not run: the miner is gone") == 1, ran.output
    assert clauses(shell) == ["LIV-1"]


def test_where_no_callback_arrives_the_address_is_the_first_suspect(shell: Shell) -> None:
    with forked_miner(["--job-seconds", "0.05"]) as miner:
        ran = shell.suite(
            *(SUITE, "-k", "callbacks_of_many or previewed"),
            ASYNC_MINER_URL=miner,
            ASYNC_CALLBACK_BASE_URL="http://callback.invalid:0",
            ASYNC_CALLBACK_BIND_HOST="127.0.0.1",
            ASYNC_CALLBACK_TIMEOUT="2",
        )
    assert ran.code == ExitCode.FINDINGS, ran.output
    assert clauses(shell) == ["CBK-1"]
    assert re.search(
        r"nothing at all came to [\d.]+:\d+, where we listen; the miner was told "
        r"http://callback\.invalid:\d+\. .*set ASYNC_CALLBACK_BASE_URL to",
        ran.output,
    ), ran.output


@contextmanager
def mortal_miner(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A reference miner that nobody looks after."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "reference.miner", "--port", "0", "--job-seconds", "4"]
    process = subprocess.Popen(
        [*command, "--ready-file", str(ready)], cwd=ROOT, start_new_session=True
    )
    try:
        until("the miner is ready", ready.exists)
        yield process, json.loads(ready.read_text(encoding="utf-8"))["url"]
    finally:
        with suppress(ProcessLookupError):  # its inference processes end with it
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def kill_at_work(miner: subprocess.Popen[bytes], shell: Shell) -> None:
    def at_work() -> bool:
        paths = shell.folder.glob("reports/2*/history.ndjson")
        return any('"status":"processing"' in path.read_text(encoding="utf-8") for path in paths)

    until("a job is at work", at_work)
    miner.kill()
