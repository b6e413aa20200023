"""docs/worker.md: every command on it runs, and its tables say what the code says."""

import os
import re
import shlex
from pathlib import Path

import pytest

from asyncproof.worker.heartbeats import SCHEMAS
from asyncproof.worker.judging import PAGE
from asyncproof.worker.profile import FOLDER, PLACEHOLDERS, parse
from tests.support.forked import NOT_REWRITTEN, module_process
from tests.support.shell import Ran
from tests.support.waiting import TIMEOUT

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
RUN = ("asyncproof", "worker")
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
    done = _run(tmp_path, *RUN, *words, *quick)
    assert done.code == 0, done.output


def _bundled(command: str) -> str:
    """The page's example of a foreign command, spelled for the bundled worker."""
    spelled = command.replace("my-worker --id", "{python} -m reference.worker --worker-id")
    return spelled.replace("--every", "--heartbeat-interval")


def _a_history(folder: Path) -> Path:
    done = _run(folder, *RUN, *QUICK, "--report-dir", str(folder / "reports"))
    assert done.code == 0, done.output
    return next(folder.glob("reports/*/history.ndjson"))


def _run(folder: Path, module: str, *words: str) -> Ran:
    """``python -m MODULE WORDS``, forked from a process that has its imports."""
    output = folder / "printed.txt"
    with module_process(module, words, environ=os.environ, output=output) as command:
        command.join(TIMEOUT)
        code = command.exitcode
    assert code is not None, f"no end within {TIMEOUT:g} s: {output.read_text()}"
    return Ran(code, output.read_text())


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(PYTEST)])
def test_the_pytest_commands_of_the_page_collect_every_clause(tmp_path: Path, command: str) -> None:
    collecting = ("--collect-only", "-q", "-p", "no:cacheprovider", *NOT_REWRITTEN)
    done = _run(tmp_path, "pytest", *shlex.split(command)[1:], *collecting)
    assert done.code == 0, done.output
    for clause in re.findall(r"^### ([A-Z]+-\d+) ", TEXT, re.MULTILINE):
        assert f"[{clause}-" in done.output


@pytest.mark.parametrize("command", [c for c in COMMANDS if "reference.worker" in c])
def test_the_worker_commands_of_the_page_are_understood(tmp_path: Path, command: str) -> None:
    """With ``--help`` last, options are read and nothing is started."""
    python, option, module, *words = shlex.split(command)
    assert (python, option) == ("python", "-m")
    done = _run(tmp_path, module, *words, "--help")
    assert done.code == 0, done.output


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
