"""``cli watch`` on live miners: what hangs is told at once, and every end is a clean one."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.processes import Supervised, wait_until_ready
from tests import ROOT
from tests.support.miners import forked_miner
from tests.support.shell import CLI, Shell, a_miner_that_answers

BUDGETS = (
    *("--step-timeout", "1", "--first-step-timeout", "1", "--preload-timeout", "0"),
    *("--download-timeout", "0", "--process-timeout", "1", "--interval", "0.1"),
)
STUCK = re.compile(
    r"127\.0\.0\.1:\d+ seems to be stuck mid inference - Last heartbeat: \d+\.\ds ago, "
    r"Last progress change: \d+\.\ds ago, Progress: 42%, Job: \S+"
)


@pytest.fixture(scope="module")
def hanging() -> Iterator[str]:
    """A miner that hangs at 42 %, with one job in it."""
    with forked_miner(["--fault", "hang:42", "--job-seconds", "0.5"]) as url:
        submit(url)
        yield url


@pytest.fixture(scope="module")
def working() -> Iterator[str]:
    """A correct miner whose jobs take 3 seconds."""
    with forked_miner(["--job-seconds", "3"]) as url:
        yield url


def submit(url: str, steps: int = 10) -> str:
    body = {"prompt": "a fox", "width": 64, "height": 64, "num_inference_steps": steps}
    answer = requests.post(f"{url}/inference", json=body, timeout=30)
    return str(answer.json()["job_id"])


def test_a_hang_is_told_and_written_down(shell: Shell, hanging: str, tmp_path: Path) -> None:
    lines = tmp_path / "new" / "stalls.jsonl"
    ran = shell.cli("watch", hanging, *BUDGETS, "--for", "5", "--jsonl", str(lines))
    assert ran.code == ExitCode.FINDINGS, ran.output
    assert len(STUCK.findall(ran.output)) == 1, ran.output
    (found,) = map(json.loads, lines.read_text().splitlines())
    assert STUCK.fullmatch(found["line"])
    assert (found["diagnosis"]["life"], found["diagnosis"]["progress"]) == ("stalled", 42)


def test_what_was_written_down_is_counted(shell: Shell, hanging: str, tmp_path: Path) -> None:
    lines = tmp_path / "stalls.jsonl"
    shell.cli("watch", hanging, *BUDGETS, "--for", "3", "--jsonl", str(lines))
    ran = shell.cli("stalls", str(lines), "--suggest")
    assert ran.code == ExitCode.PASS, ran.output
    assert re.search(r"1 +stalled +between steps +42 % +base", ran.output), ran.output
    assert "high-end (RTX 4090, A100): 300 to 600" in ran.output


def test_jobs_that_are_named_are_followed_to_their_end(shell: Shell, working: str) -> None:
    jobs = [submit(working), submit(working)]
    ran = shell.cli("watch", working, *jobs, *BUDGETS)
    assert ran.code == ExitCode.PASS, ran.output
    assert all(f"Job {job} is completed" in ran.output for job in jobs)
    assert "Ended: 0 in flight, " in ran.output


def test_a_miner_without_jobs_shows_nothing_and_that_is_no_pass(shell: Shell, working: str) -> None:
    ran = shell.cli("watch", working, "--for", "0.1")
    assert ran.code == ExitCode.INCONCLUSIVE, ran.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_watch_cleanly(shell: Shell, hanging: str, number: int) -> None:
    with started(shell, "watch", hanging, *BUDGETS) as watch:
        told = until(STUCK, watch)
        watch.send_signal(number)
        told += watch.communicate(timeout=60)[0]
    assert watch.returncode == ExitCode.FINDINGS, told
    assert "Ended: 1 in flight, 0 ended, found: 1 stalled" in told
    assert "Traceback" not in told


@contextmanager
def stoppable() -> Iterator[tuple[str, psutil.Process]]:
    """A miner that has a job for a minute; it is let go on in the end."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "reference.miner", "--port", "0", "--job-seconds", "60"]
        command += ["--ready-file", str(ready)]
        with Supervised(command, name="reference miner", cwd=ROOT) as miner:
            wait_until_ready(miner, ready.exists, 60.0)
            told = json.loads(ready.read_text())
            process = psutil.Process(miner.pid)
            submit(told["url"], steps=100)
            yield told["url"], process
            for each in (process, *process.children(recursive=True)):
                each.resume()


@pytest.mark.parametrize(("who", "life"), [("the miner", "dead"), ("its workers", "stalled")])
def test_a_stopped_process_is_found_and_its_return_is_told(
    shell: Shell, who: str, life: str
) -> None:
    """A process that was stopped still takes connections, and the kernel answers for it."""
    limits = ("--step-timeout", "4", "--silence-timeout", "3", "--interval", "0.2")
    with stoppable() as (url, miner), started(shell, "watch", url, *limits) as watch:
        told = until(re.compile("1 in flight"), watch)
        stopped = [miner] if who == "the miner" else miner.children(recursive=True)
        for process in stopped:
            process.suspend()
        told += until(re.compile("seems to be stuck"), watch)
        for process in stopped:
            process.resume()
        told += until(re.compile("moves again"), watch)
        watch.send_signal(signal.SIGINT)
        told += watch.communicate(timeout=60)[0]
    assert watch.returncode == ExitCode.FINDINGS, told
    assert f"found: 1 {life}" in told


def test_a_miner_that_goes_away_leaves_dead_jobs_and_the_watch_goes_on(shell: Shell) -> None:
    with forked_miner(["--job-seconds", "600"]) as url:
        submit(url)
        watch = started(shell, "watch", url, "--silence-timeout", "1", "--interval", "0.1")
        told = until(re.compile("1 in flight"), watch)
    with watch:
        told += until(re.compile("seems to be stuck"), watch)
        watch.send_signal(signal.SIGINT)
        told += watch.communicate(timeout=60)[0]
    assert watch.returncode == ExitCode.FINDINGS, told
    assert "no answer: cannot connect" in told
    assert "found: 1 dead" in told


def started(shell: Shell, *arguments: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-u", "-m", CLI, *arguments)
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, env=shell.environ(), text=True, stdout=pipe, stderr=subprocess.STDOUT
    )


def until(told: re.Pattern[str], process: subprocess.Popen[str]) -> str:
    """What the process prints up to the line that tells this."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if told.search(line):
            break
    return "".join(lines)


def test_on_a_terminal_there_is_a_table(shell: Shell, hanging: str) -> None:
    ours, theirs = pty.openpty()
    command = (sys.executable, "-m", CLI, "watch", hanging, *BUDGETS, "--for", "3")
    environ = shell.environ(TERM="xterm", COLUMNS="200", LINES="40")
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=theirs, stderr=theirs) as watch:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b"")).decode()
    os.close(ours)
    assert watch.returncode == ExitCode.FINDINGS, shown
    assert "heartbeat" in shown
    assert "change" in shown
    assert "between steps" in shown
    assert "stalled" in shown
    assert "seems to be stuck mid inference" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # the cursor is given back


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["http://127.0.0.1:1"], ExitCode.SETUP_FAILED, "Miner server unavailable: http://127"),
        (["http://127.0.0.1:1", "a"], ExitCode.SETUP_FAILED, "cannot connect"),
        (["localhost:8091"], ExitCode.USAGE, "'localhost:8091' is not a url; expected"),
        (["reference"], ExitCode.USAGE, "'reference' is not a url; expected"),
        (["http://127.0.0.1:1", "--step-timeout", "soon"], ExitCode.USAGE, "ASYNC_STEP_TIMEOUT="),
        (["http://127.0.0.1:1", "--interval", "0"], ExitCode.USAGE, "expected 0.01 to 3600 second"),
        ([], ExitCode.USAGE, "Missing argument 'URL'"),
    ],
)
def test_a_wrong_call_is_told_in_one_line_with_the_cure(
    shell: Shell, arguments: list[str], code: int, told: str
) -> None:
    ran = shell.cli("watch", *arguments)
    assert ran.code == code, ran.output
    assert told in ran.output
    assert "Traceback" not in ran.output


def test_a_miner_without_a_list_asks_for_ids(shell: Shell) -> None:
    with a_miner_that_answers({"/health": (200, {})}) as url:
        ran = shell.cli("watch", url)
        assert ran.code == ExitCode.USAGE
        assert f"give their ids: cli watch {url} JOB_ID..." in ran.output


def test_ids_that_nobody_knows_are_a_wrong_call(shell: Shell, working: str) -> None:
    ran = shell.cli("watch", working, "nobody")
    assert ran.code == ExitCode.USAGE
    assert "knows none of these jobs: nobody" in ran.output


def test_a_list_without_percentages_is_completed_by_the_statuses(shell: Shell) -> None:
    answers: dict[str, tuple[int, object]] = {
        "/jobs": (200, [{"id": "4f2c", "status": "processing"}, {"id": "77aa"}]),
        "/inference/status/4f2c": (200, {"status": "processing", "progress": 42}),
        "/inference/status/77aa": (200, {"status": "completed"}),
    }
    with a_miner_that_answers(answers) as url:
        ran = shell.cli("watch", url, *BUDGETS, "--for", "3")
    assert ran.code == ExitCode.FINDINGS, ran.output
    assert len(STUCK.findall(ran.output)) == 1, ran.output
    assert "Job: 4f2c" in ran.output
