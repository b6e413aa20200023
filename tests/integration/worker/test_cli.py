"""The command: what it starts it ends, what it says it means, and its exit codes tell the rest."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import psutil
import pytest

from asyncproof.harness.containment import containment
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.worker.profile import load
from tests import ROOT
from tests.support.forked import module_process

MODULE = "tests.e2e.worker_isolation"
COMMAND = [sys.executable, "-m", MODULE]
SHORT = [
    "--port",
    "0",
    "--hive-port",
    "0",
    "--heartbeat-interval",
    "0.3",
    "--watch",
    "1",
    "--model",
    "none",
]
CALM = [*SHORT, "--no-difficult-hive", "--no-stop-process"]
BUNDLED = load("document").command


@dataclass(frozen=True)
class Done:
    """How the command ended, and what it printed."""

    returncode: int | None
    stdout: str
    stderr: str


def isolation(folder: Path, *arguments: str, **environ: str) -> Done:
    """The command as a user starts it, but forked from a process that has its imports."""
    output, errors = folder / "printed.txt", folder / "errors.txt"
    for file in (output, errors):
        file.unlink(missing_ok=True)
    with module_process(
        MODULE,
        ["--report-dir", str(folder), *arguments],
        environ={**os.environ, **environ},
        output=output,
        errors=errors,
    ) as command:
        command.join(120)
        return Done(command.exitcode, output.read_text(), errors.read_text())


def test_the_output_tells_the_whole_story_in_order(tmp_path: Path) -> None:
    """From the model over each answer to the logs, the summary and the cleanup."""
    done = isolation(tmp_path, *CALM, "--worker-id", "tell-me")
    assert done.returncode == ExitCode.PASS, done.stdout + done.stderr
    story = [
        "Worker Isolation Test",
        "Model:   none",
        "mock hive listens on http://127.0.0.1:",
        "started (PID ",
        "Worker ID: tell-me",
        "Backend:   cpu",
        "Hive URL:  http://127.0.0.1:",
        "Waiting for the worker to be ready (timeout: 30 s)",
        "ready after",
        "Waiting for heartbeats (1 seconds)",
        "health answered 200",
        '  "status": "healthy"',
        "ready answered 200",
        '  "ready": true',
        "inference (json) answered 200",
        '  "finish_reason": "length"',
        "inference (stream) answered 200",
        "stopped in",
        "Hive log of worker-1",
        "Heartbeat #1 from worker: tell-me  State:",
        "Log of worker-1 (last 30 lines):",
        "asked to stop",
        "Test Summary",
        "HBT-1 heartbeats arrive: PASS",
        "Cleaning up",
        "Cleanup complete: no process, port or temporary file is left",
        "Isolation test complete - ALL TESTS PASSED!",
    ]
    places = [done.stdout.find(part) for part in story]
    assert -1 not in places, story[places.index(-1)]
    assert places == sorted(places)
    assert "\x1b" not in done.stdout, "plain text where there is no terminal"


def test_a_worker_that_fails_is_told_with_its_last_words_and_as_data(tmp_path: Path) -> None:
    report = tmp_path / "out" / "junit.xml"
    done = isolation(
        tmp_path,
        *CALM,
        "--json",
        "--junit",
        str(report),
        WORKER_CMD=f"{BUNDLED} --fault exits-early",
    )
    assert done.returncode == ExitCode.FINDINGS
    told = json.loads(done.stdout)
    assert [finding["clause"] for finding in told["findings"]] == ["WRK-1"]
    assert "exit code 3" in told["findings"][0]["actual"]
    failed = ET.parse(report).findall(".//testcase[failure]")
    assert [case.get("name") for case in failed] == ["WRK-1 starts_and_stays"]


def test_a_broken_should_warns_and_fails_only_when_strict(tmp_path: Path) -> None:
    broken = f"{BUNDLED} --fault stops-with-error"
    loose = isolation(tmp_path, *CALM, "--worker-cmd", broken)
    assert (loose.returncode, "SHOULD WRK-6" in loose.stdout) == (ExitCode.PASS, True)

    history = next(tmp_path.glob("*/history.ndjson"))
    strict = isolation(tmp_path, "--recheck", str(history), "--strict")
    assert (strict.returncode, "FAIL: WRK-6" in strict.stdout) == (ExitCode.FINDINGS, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("--model /no.gguf", ExitCode.USAGE, "model file not found: /no.gguf.*tiny-model"),
        ("--model LICENSE.gguf", ExitCode.USAGE, "not a GGUF model: .*LICENSE.gguf.*tiny-model"),
        ("--model none --profile /no.toml", ExitCode.USAGE, "no profile /no.toml; .*llama_cpp"),
        ("--model none --worker-cmd {colour}", ExitCode.USAGE, "'colour'; placeholders: "),
        ("--model none --worker-cmd nope", ExitCode.SETUP_FAILED, "No such file.*--worker-cmd"),
        ("--backend abacus", ExitCode.USAGE, "abacus"),
        ("--recheck pytest.ini", ExitCode.USAGE, "pytest.ini:1 is not an event"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_said_in_one_line_with_the_cure(
    tmp_path: Path, arguments: str, code: ExitCode, said: str
) -> None:
    (tmp_path / "LICENSE.gguf").write_text("no model")
    words = [str(tmp_path / w) if w == "LICENSE.gguf" else w for w in arguments.split()]
    done = isolation(tmp_path, "--port", "0", "--hive-port", "0", *words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert re.search(said, done.stderr), done.stderr


def test_a_worker_that_refuses_to_run_like_this_is_not_blamed(tmp_path: Path) -> None:
    """Exit code 2 is a program's word for a wrong call: told with its own words, and passed on."""
    done = isolation(tmp_path, *CALM, "--worker-cmd", f"{BUNDLED} --colour blue")
    assert done.returncode == ExitCode.USAGE
    assert "refused its command or its model (exit code 2)" in done.stderr
    assert "No such option '--colour'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--port", "--hive-port"])
def test_a_taken_port_is_a_setup_problem_with_its_cure(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = isolation(tmp_path, *CALM, option, port)
    assert done.returncode == ExitCode.SETUP_FAILED
    assert f"port {port} for the" in done.stderr
    assert f"{option} 0" in done.stderr


def test_a_worker_of_another_style_passes_with_only_a_profile(tmp_path: Path) -> None:
    """Plain http.server, other paths, other fields, threads: nothing here knows about it."""
    profile = "tests/support/plain_worker.toml"
    done = isolation(tmp_path, *SHORT, "--profile", profile)
    assert done.returncode == ExitCode.PASS, done.stdout + done.stderr
    assert "HIV-2 serves without its hive: PASS" in done.stdout
    history = next(tmp_path.glob("*/history.ndjson")).read_text()
    work = [e for e in map(json.loads, history.splitlines()) if e.get("purpose") == "work"]
    # Its JSON answer is instant and its stream is not: work is measured out by the stream's pace.
    assert max(e["max_tokens"] for e in work) < 1000


@pytest.mark.parametrize("profile", ["health", "detailed"])
def test_the_other_schemas_are_spoken(tmp_path: Path, profile: str) -> None:
    done = isolation(tmp_path, *CALM, "--profile", profile)
    assert done.returncode == ExitCode.PASS, done.stdout + done.stderr
    assert "HBT-3 heartbeats have their shape: PASS" in done.stdout


def test_workers_side_by_side_are_not_mixed_up(tmp_path: Path) -> None:
    done = isolation(tmp_path, *CALM, "--workers", "3", "--worker-id", "w", "--benchmark", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["outcome"]) == (ExitCode.PASS, "PASS"), done.stdout
    levels = told["benchmark"]["levels"]
    assert {(level["worker"], level["concurrency"]) for level in levels} == {
        (f"worker-{n}", at_once) for n in (1, 2, 3) for at_once in (1, 2, 4)
    }
    assert all(level["tokens_per_second"] > 0 and level["failed"] == 0 for level in levels)
    assert len({log.read_text() for log in tmp_path.glob("*/worker-*.log")}) == 3


def test_absent_backends_are_named_and_not_counted(tmp_path: Path) -> None:
    done = isolation(tmp_path, *CALM, "--all-backends", "--profile", "document")
    assert done.returncode in (ExitCode.PASS, ExitCode.FINDINGS)
    assert "Backend: cpu" in done.stdout
    for backend in ("cuda", "metal"):
        tested = f"Backend: {backend}" in done.stdout
        assert tested != (f"Backend {backend}: no such device here, not tested" in done.stdout)


@pytest.mark.parametrize("ending", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_nothing_survives_a_runner_that_is_ended(tmp_path: Path, ending: str) -> None:
    """The worker ignores SIGTERM; with the runner it goes, and so do its port and its files."""
    marker = f"marker-{secrets.token_hex(6)}"
    command = f"{BUNDLED} --fault ignores-sigterm"
    named = ["--worker-id", marker, "--report-dir", str(tmp_path)]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    runner = subprocess.Popen(
        [*COMMAND, *SHORT, "--watch", "60", *named, "--worker-cmd", command],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert eventually(lambda: "BecameReady" in told(tmp_path), 60)
        worker = workers(marker)[0]
        port = int(worker.cmdline()[worker.cmdline().index("--port") + 1])
    finally:
        runner.send_signal(signal.Signals[ending])
        code = runner.wait(30)

    assert eventually(lambda: not workers(marker), 10), containment()
    assert eventually(lambda: is_free(port), 2)
    assert eventually(lambda: not list(temporary.iterdir()), 10)
    if ending == "SIGINT":
        assert code == ExitCode.INCONCLUSIVE


def is_free(port: int) -> bool:
    """Binding, not connecting: a connection to a free port of one's own range may reach itself."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def workers(marker: str) -> list[psutil.Process]:
    """Living workers with this id; not the runner, and not what only starts the worker."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if marker in (process.info["cmdline"] or [])
        and "reference.worker" in process.info["cmdline"][2]
    ]


def told(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.glob("*/history.ndjson"))


def eventually(holds: Callable[[], bool], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
