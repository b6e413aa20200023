"""A coordinator that is killed loses nothing, and the next one goes on."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from asyncproof.coordinator import journal as jr
from asyncproof.coordinator.memory_group import MemoryGroup
from tests import ROOT
from tests.support.runs import declare
from tests.support.waiting import TIMEOUT, until

QUICK = "import os\ndef test_one(): open('quick.runs', 'a').write('x')\n"
SLOW = """
import os, time
def test_first(): pass
def test_slow():
    if os.path.exists("slow.pid"): return
    open("slow.pid", "w").write(str(os.getpid()))
    time.sleep(600)
def test_last(): pass
"""


def coordinator(folder: Path, *args: str) -> "subprocess.Popen[bytes]":
    own = ["--suites", str(folder / "suites.toml"), "--reports", str(folder / "reports")]
    command = [sys.executable, "-m", "asyncproof.coordinator", *own, "--cores", "8", *args]
    output = (folder / "coordinator.txt").open("ab")
    with output:
        return subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def journal_of(folder: Path) -> list[jr.RunEvent]:
    found = list(folder.glob("reports/*/run.ndjson"))
    return list(jr.reader.read(found[0])) if found else []


def attempts(folder: Path, kind: type[jr.AttemptStarted] | type[jr.AttemptEnded]) -> list[str]:
    return [event.suite for event in journal_of(folder) if isinstance(event, kind)]


def results(folder: Path) -> dict[str, dict[str, object]]:
    (file,) = folder.glob("reports/*/results.json")
    return {suite["suite"]: suite for suite in json.loads(file.read_text())["suites"]}


def is_running(pid: int) -> bool:
    """Whether there is such a process that is no zombie. A process in a namespace of its own
    tells its inner pid, so the one looked for is found by what it holds."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def started(folder: Path) -> int:
    """Wait until the quick suite ended and the slow one is inside its slow test; the slow pid."""
    until("the quick suite's end", lambda: "quick" in attempts(folder, jr.AttemptEnded))
    until("the slow test", (folder / "slow.pid").exists)
    marked = [p for p in psutil.process_iter() if _holds(p, folder / "slow")]
    assert marked, "the slow suite is not among the processes"
    return marked[0].pid


def _holds(process: psutil.Process, needle: Path) -> bool:
    try:
        return "slow/test_it.py" in process.cmdline() and process.cwd() == str(needle.parent)
    except (psutil.Error, OSError):
        return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    declare(tmp_path, {"quick": QUICK, "slow": SLOW})
    return tmp_path


def test_a_killed_coordinator_leaves_nothing_running_and_the_next_one_goes_on(folder: Path) -> None:
    """What was done stays done and is reported; what was cut off runs again, and both are shown."""
    with coordinator(folder, "quick", "slow") as first:
        slow = started(folder)
        first.kill()
    until("the end of the slow suite", lambda: not is_running(slow))
    (run,) = folder.glob("reports/coordinator-*")
    with coordinator(folder, "--report", str(run)) as reporting:
        assert reporting.wait(TIMEOUT) == 3
    assert results(folder)["slow"]["ended"]["reason"] == "coordinator died"  # type: ignore[index]
    assert results(folder)["quick"]["green"]

    with coordinator(folder, "--resume", str(run)) as second:
        assert second.wait(TIMEOUT) == 0, (folder / "coordinator.txt").read_text()

    assert not MemoryGroup.left(run.name)
    assert (folder / "quick.runs").read_text() == "x"
    assert attempts(folder, jr.AttemptStarted) == ["quick", "slow", "slow"]
    slow_result = results(folder)["slow"]
    assert slow_result["attempts_before"] == [
        {
            "reason": "coordinator died",
            "evidence": ["running: slow/test_it.py::test_slow"],
        }
    ]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "started with --env TARGET=...; use the same again"),
        (["--env", "TARGET=b"], "started with --env TARGET=...; use the same again"),
        (
            ["--env", "TARGET=a", "--backend", "kubernetes", "--image", "i", "--namespace", "n"],
            "started with --backend local; use the same again",
        ),
    ],
)
def test_a_run_does_not_go_on_against_something_else(
    folder: Path, args: list[str], said: str
) -> None:
    """Half of its suites against one miner and half against another would be no verdict. The
    values are not kept: one may be a secret."""
    with coordinator(folder, "quick", "--env", "TARGET=a-secret") as first:
        assert first.wait(TIMEOUT) == 0
    (run,) = folder.glob("reports/coordinator-*")
    given = [arg.replace("TARGET=a", "TARGET=a-secret") for arg in args]

    with coordinator(folder, "--resume", str(run), *given) as second:
        assert second.wait(TIMEOUT) == 2

    assert said in " ".join((folder / "coordinator.txt").read_text().split())
    assert "a-secret" not in (run / "run.ndjson").read_text()


def test_a_coordinator_told_to_stop_reports_what_there_is(folder: Path) -> None:
    """SIGTERM ends the suites; finished tests, the running one and the rest are all told."""
    with coordinator(folder, "quick", "slow") as process:
        slow = started(folder)
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 4

    assert not is_running(slow)
    told = results(folder)
    assert told["quick"]["green"]
    assert told["slow"]["ended"]["reason"] == "interrupted"  # type: ignore[index]
    assert [test["outcome"] for test in told["slow"]["tests"]] == [  # type: ignore[attr-defined]
        "passed",
        "running when the suite died",
        "never started",
    ]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "name the suites to run"),
        (["--compare", "--resume", "nowhere"], "name the suites to --compare"),
        (["nobody"], "there is no suite 'nobody'; the file declares quick, slow"),
        (["quick", "--cores", "0.1", "--memory", "1 MiB"], "set --cores and --memory"),
        (["quick", "--memory", "lots"], "not an amount of memory"),
        (["--resume", "nowhere"], "nowhere has no run"),
        (["quick", "--backend", "kubernetes"], "needs --image and --namespace"),
        (["quick", "--env", "X"], "say NAME=VALUE"),
        (["quick", "--shards", "0"], "x>=1"),
        (["quick", "--deadline", "0"], "x>0"),
        (["quick", "--reports", "/proc/none"], "choose a writable folder"),
    ],
)
def test_a_call_that_makes_no_sense_is_told_with_its_cure(
    folder: Path, args: list[str], said: str
) -> None:
    with coordinator(folder, *args) as process:
        assert process.wait(TIMEOUT) == 2
    text = " ".join((folder / "coordinator.txt").read_text().split())
    assert said in text
    assert "Traceback" not in text
    assert not (folder / "reports").exists()


def test_a_comparison_told_to_stop_ends_its_suites(folder: Path) -> None:
    """SIGTERM: no suite goes on, no other round begins, and what ran is told where it lies."""
    with coordinator(folder, "--compare", "slow", "quick") as process:
        until("the slow test", (folder / "slow.pid").exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 4

    text = (folder / "coordinator.txt").read_text()
    assert "interrupted; the results so far are in" in text
    assert "Traceback" not in text
    (told,) = folder.glob("reports/*/alone-1/results.json")
    assert json.loads(told.read_text())["suites"][0]["ended"]["reason"] == "interrupted"
    assert not (folder / "quick.runs").exists()
    assert not [p for p in psutil.process_iter() if _holds(p, folder / "slow")]
