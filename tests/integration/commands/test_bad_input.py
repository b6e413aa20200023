"""Bad input ends in one clear line, the right exit code, and nothing lost."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asyncproof.harness.exit_codes import ExitCode
from tests import ROOT
from tests.support.miners import forked_miner
from tests.support.shell import Shell, a_miner_that_answers

SUITE = "tests/e2e/async_inference"
ONE_JOB = f"{SUITE}/test_async_inference.py"
HEALTHY: dict[str, tuple[int, object]] = {"/health": (200, {"status": "healthy"})}
QUEUED: dict[str, tuple[int, object]] = {"/inference": (202, {"job_id": "a", "status": "queued"})}


def clauses(shell: Shell) -> set[str]:
    (verdict,) = (shell.folder / "reports").glob("*/verdict.json")
    return {finding["clause"] for finding in json.loads(verdict.read_text())["findings"]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ASYNC_MINER_URL", "localhost:8091"),
        ("ASYNC_CALLBACK_BASE_URL", "8092"),
        ("ASYNC_POLL_INTERVAL", "fast"),
        ("STRESS_TEST_CONCURRENT", "0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(
    shell: Shell, name: str, value: str
) -> None:
    for ran in (shell.suite(ONE_JOB, **{name: value}), shell.cli(**{name: value})):
        assert ran.code == ExitCode.USAGE, ran.output
        assert f"{name}={value!r} is invalid: expected" in ran.output
        assert "Traceback" not in ran.output


def test_an_unreachable_miner_is_told_once_before_any_test(shell: Shell) -> None:
    ran = shell.suite(SUITE, ASYNC_MINER_URL="http://127.0.0.1:1")
    assert ran.code == ExitCode.SETUP_FAILED
    assert ran.output.count("Miner server unavailable: http://127.0.0.1:1: cannot connect") == 1
    assert " passed" not in ran.output
    assert " skipped" not in ran.output
    assert list(shell.folder.glob("reports/*")) == []


def test_an_unknown_host_is_called_that(shell: Shell) -> None:
    ran = shell.suite(ONE_JOB, ASYNC_MINER_URL="http://no-such-host.invalid")
    assert ran.code == ExitCode.SETUP_FAILED
    assert "unknown host no-such-host.invalid" in ran.output


def test_an_expression_that_selects_nothing_says_so(shell: Shell, miner: str) -> None:
    ran = shell.cli("run", "-k", "raipd", ASYNC_MINER_URL=miner)
    assert ran.code == ExitCode.USAGE
    assert "none is selected by -k 'raipd' (did you mean rapid" in ran.output
    assert "List the tests: the same command with --plan in its place" in ran.output
    assert "0 pictures" not in ran.output


def test_an_unreachable_external_callback_server_is_told_by_name(shell: Shell, miner: str) -> None:
    ran = shell.suite(
        ONE_JOB,
        ASYNC_MINER_URL=miner,
        ASYNC_USE_EXTERNAL_CALLBACK="yes",
        ASYNC_CALLBACK_BASE_URL="http://127.0.0.1:1",
    )
    assert ran.code == ExitCode.SETUP_FAILED
    assert "Callback server unavailable: http://127.0.0.1:1: cannot connect" in ran.output


def test_a_taken_callback_port_is_named_with_the_variable_to_change(
    shell: Shell, miner: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        base = f"http://127.0.0.1:{port}"
        ran = shell.suite(ONE_JOB, ASYNC_MINER_URL=miner, ASYNC_CALLBACK_BASE_URL=base)
    assert ran.code == ExitCode.SETUP_FAILED
    assert "Callback server unavailable: " in ran.output
    assert str(port) in ran.output
    assert "ASYNC_CALLBACK_BASE_URL" in ran.output


def test_a_callback_folder_that_is_none_is_named(shell: Shell, miner: str) -> None:
    folder = shell.folder / "occupied"
    folder.write_text("a file")
    ran = shell.suite(ONE_JOB, ASYNC_MINER_URL=miner, ASYNC_CALLBACK_DIR=str(folder))
    assert ran.code == ExitCode.SETUP_FAILED
    assert f"cannot write to {folder}" in ran.output


@pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"),
    reason="root may write into read-only folders unless setpriv (util-linux) forbids it",
)
def test_a_read_only_callback_folder_is_named(shell: Shell, miner: str) -> None:
    folder = shell.folder / "read-only"
    folder.mkdir(mode=0o500)
    as_others = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", ONE_JOB)
    ran = shell.run(
        *(as_others if os.geteuid() == 0 else ()),
        *command,
        ASYNC_MINER_URL=miner,
        ASYNC_CALLBACK_DIR=str(folder),
    )
    assert ran.code == ExitCode.SETUP_FAILED
    assert f"cannot write to {folder}" in ran.output


@pytest.mark.parametrize(
    ("answers", "broken", "told"),
    [
        (
            HEALTHY | {"/inference": (202, b'{"job_id": "a", "st')},
            {"SUB-1"},
            "JSON that breaks off after",
        ),
        (HEALTHY | {"/inference": (503, {"detail": "busy"})}, {"SUB-1"}, "503"),
        (
            HEALTHY | QUEUED | {"/inference/status": (200, {"status": "pondering"})},
            {"POL-1", "SCH-1"},
            "'pondering'",
        ),
        (
            HEALTHY | QUEUED | {"/inference/status": (200, b'{"status": ')},
            {"POL-11"},
            "JSON that breaks off after",
        ),
        (HEALTHY | QUEUED | {"/inference/status": (500, b"")}, {"POL-11"}, "500"),
    ],
    ids=["half-json", "refuses", "unknown-word", "half-status", "status-500"],
)
def test_a_miner_that_answers_nonsense_is_a_finding_and_no_crash(
    shell: Shell, answers: dict[str, tuple[int, object]], broken: set[str], told: str
) -> None:
    with a_miner_that_answers(answers) as url:
        ran = shell.suite(ONE_JOB, ASYNC_MINER_URL=url, ASYNC_JOB_TIMEOUT="1")
    assert ran.code == ExitCode.FINDINGS, ran.output
    assert broken <= clauses(shell), ran.output
    assert told in ran.output
    assert "CRASHED" not in ran.output


def test_a_web_server_that_is_no_miner_is_called_that(shell: Shell) -> None:
    with a_miner_that_answers({"/": (200, b"<html>It works!</html>")}) as url:
        ran = shell.suite(ONE_JOB, ASYNC_MINER_URL=url)
    assert ran.code == ExitCode.SETUP_FAILED, ran.output
    assert f"{url} is no miner: no JSON at POST /inference" in ran.output
    assert "Set ASYNC_MINER_URL to the address of the miner" in ran.output


def test_an_interrupted_run_stops_at_once_and_keeps_its_history(shell: Shell) -> None:
    with forked_miner(["--fault", "hang:42"]) as url:
        command = [sys.executable, "-u", "-m", "pytest", ONE_JOB, "-p", "no:cacheprovider"]
        environ = shell.environ(ASYNC_MINER_URL=url, ASYNC_STEP_TIMEOUT="600")
        with subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
        ) as run:
            history = once_processing(shell.folder / "reports", run)
            run.send_signal(signal.SIGINT)
            output, _ = run.communicate(timeout=30)
    assert run.returncode == ExitCode.INCONCLUSIVE, output
    assert "INCOMPLETE: interrupted" in output
    again = shell.cli("recheck", str(history))
    assert again.code == ExitCode.INCONCLUSIVE
    assert "INCOMPLETE: interrupted" in again.output


def once_processing(reports: Path, run: "subprocess.Popen[str]") -> Path:
    """The history of the run as soon as its job is being worked on."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and run.poll() is None:
        for history in reports.glob("*/history.ndjson"):
            if '"status":"processing"' in history.read_text():
                return history
        time.sleep(0.05)
    raise AssertionError("the run did not get as far as its first job")


def test_two_runs_at_once_in_one_checkout_do_not_meet(shell: Shell, miner: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(shell.suite, ONE_JOB, ASYNC_MINER_URL=miner) for _ in range(2)]
        for run in runs:
            assert run.result().code == ExitCode.PASS, run.result().output
    assert len(list((shell.folder / "reports").glob("*/verdict.json"))) == 2


@pytest.mark.parametrize("text", ["not a history\n", '{"type":"Job"}\n'])
def test_a_history_that_is_none_is_refused(shell: Shell, text: str) -> None:
    path = shell.folder / "history.ndjson"
    path.write_text(text)
    ran = shell.cli("recheck", str(path))
    assert ran.code == ExitCode.USAGE
    assert "history.ndjson:1 is not an event" in ran.output
    assert "Traceback" not in ran.output


def test_packages_that_are_not_there_are_named_with_the_command_that_installs_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    (tmp_path / "requirements_test_async.txt").write_text("# why\npytest>=8\nno-such-thing>=1,<2\n")
    command = (sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir=.", ".")
    ran = Shell(tmp_path, cwd=tmp_path).run(*command)
    assert ran.code == ExitCode.SETUP_FAILED
    assert ran.output.startswith("Not installed: no-such-thing. Please run: ")
    assert ran.output.rstrip().endswith("-m pip install -r requirements_test_async.txt")
