"""docs/worker.md: every command on it runs, and its tables say what the code says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from asyncproof.worker.heartbeats import SCHEMAS
from asyncproof.worker.judging import PAGE
from asyncproof.worker.profile import FOLDER, PLACEHOLDERS, parse
from tests import ROOT

TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [
    command.strip()
    for language, block in BLOCKS
    if language == "bash"
    for command in block.replace("\\\n", " ").splitlines()
    if command.strip()
]
QUICK = [
    "--model",
    "none",
    "--port",
    "0",
    "--hive-port",
    "0",
    "--heartbeat-interval",
    "0.3",
    "--watch",
    "1",
    "--no-difficult-hive",
    "--no-stop-process",
]
ASYNCPROOF = ".venv/bin/asyncproof worker"
PYTEST = ".venv/bin/pytest "
RUN = ("-m", "asyncproof", "worker")
MAKE = {"make worker-test", "make tiny-model"}  # run by the pipeline: they install packages


def test_the_page_has_commands_of_known_kinds_only() -> None:
    """A command of a new kind needs a test here first."""
    known = [
        c for c in COMMANDS if c.startswith((ASYNCPROOF, PYTEST, "python -m reference.worker"))
    ]
    assert len(known) > 5
    assert set(COMMANDS) - set(known) == MAKE


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(ASYNCPROOF)])
def test_a_command_of_the_page_tests_a_worker(tmp_path: Path, command: str) -> None:
    """As on the page, but with the bundled worker for its examples, on free ports, and short."""
    example = "tests/support/plain_worker.toml"
    arguments = shlex.split(command.removeprefix(ASYNCPROOF))
    words = [example if w == "my-worker.toml" else w for w in arguments]
    words = [_bundled(w) if w.startswith("my-worker ") else w for w in words]
    quick = [] if "--recheck" in words else [*QUICK, "--report-dir", str(tmp_path / "reports")]
    if "--recheck" in words:
        words[words.index("--recheck") + 1] = str(_a_history(tmp_path))
    words = [str(tmp_path / w) if w.endswith((".xml", ".html")) else w for w in words]
    done = _run([*RUN, *words, *quick])
    assert done.returncode == 0, done.stdout + done.stderr


def _bundled(command: str) -> str:
    """The page's example of a foreign command, spelled for the bundled worker."""
    spelled = command.replace("my-worker --id", "{python} -m reference.worker --worker-id")
    return spelled.replace("--every", "--heartbeat-interval")


def _a_history(folder: Path) -> Path:
    done = _run([*RUN, *QUICK, "--report-dir", str(folder)])
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*/history.ndjson"))


def _run(words: list[str], **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(PYTEST)])
def test_the_pytest_commands_of_the_page_collect_every_clause(command: str) -> None:
    done = _run(
        [
            "-m",
            "pytest",
            *shlex.split(command)[1:],
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
        ]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for clause in re.findall(r"^### ([A-Z]+-\d+) ", TEXT, re.MULTILINE):
        assert f"[{clause}-" in done.stdout


@pytest.mark.parametrize("command", [c for c in COMMANDS if "reference.worker" in c])
def test_the_worker_commands_of_the_page_are_understood(command: str) -> None:
    """With ``--help`` last, options are read and nothing is started."""
    done = _run([*shlex.split(command)[1:], "--help"])
    assert done.returncode == 0, done.stderr


def test_the_profile_on_the_page_is_a_profile() -> None:
    profiles = [block for language, block in BLOCKS if language == "toml"]
    assert profiles
    for block in profiles:
        assert parse(block).command


def test_the_page_names_every_profile_schema_and_placeholder() -> None:
    for name in (*SCHEMAS, *(path.stem for path in FOLDER.glob("*.toml"))):
        assert f"`{name}`" in TEXT, name
    for placeholder in PLACEHOLDERS:
        assert f"{{{placeholder}}}" in TEXT, placeholder
