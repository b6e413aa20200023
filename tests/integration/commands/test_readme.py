"""Every command of the README and of the pages is run: here as it stands, or where a table says.

docs/hung-jobs.md and docs/worker.md have tests of their own (test_hung_jobs_page.py, test_page.py).
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncproof.settings import Settings
from tests import ROOT
from tests.support.shell import Shell

README = (ROOT / "README.md").read_text(encoding="utf-8")
TOLD = ("callback-server", "parallel", "pictures", "profiles", "reference-miner", "stress")
PAGES = [(ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in TOLD]
# Commands that run for ever, install, or are whole jobs of CI: what runs them.
ELSEWHERE = {
    "make e2e": "CI, and test_suite_commands.py",
    "make test": "CI",
    "make worker-test": "CI",
    "make parallel": "CI, with one suite",
    ".venv/bin/asyncproof compare": "tests/unit/cli/test_compare.py",
    ".venv/bin/asyncproof history": "tests/unit/cli/test_compare.py",
    ".venv/bin/asyncproof callback-server": "test_suite_commands.py",
    ".venv/bin/asyncproof watch": "test_watch.py",
    ".venv/bin/asyncproof reference-miner --port": "every test with a miner",
    ".venv/bin/asyncproof reference-miner --fault": "the matrix",
    ".venv/bin/asyncproof reference-miner --engine": "the matrix, where torch is installed",
    ".venv/bin/pip install -r requirements_engine.txt": "make test-engine",
    ".venv/bin/asyncproof replay": "test_replay.py",
    ".venv/bin/asyncproof suites": "CI, and the tests of the coordinator",
    ".venv/bin/asyncproof stress --shape": "integration/stress/test_stress.py",
    ".venv/bin/asyncproof shrink": "integration/stress/test_stress.py",
    ".venv/bin/asyncproof merge": "integration/stress/test_stress.py",
    "make stress-distributed": "make test-locust, a job of CI",
    "python tests/e2e/async_inference/callback_server.py": "receiver/test_store.py",
    "PYTHONPATH=src/asyncproof/coordinator/plugin pytest": "test_events_plugin.py",
    ".venv/bin/asyncproof profile learn": "tests/unit/wire/test_draft.py",
    ".venv/bin/asyncproof profile check my-server.toml": "the same command with another profile",
    ".venv/bin/asyncproof profile check cog": "make test-servers",
    ".venv/bin/asyncproof profile check runpod": "make test-servers",
    ".venv/bin/asyncproof run --profile": "make test-servers",
    "python -m pip install -r requirements_kubernetes.txt": "make lint, by requirements_dev.txt",
}
RUNS_FOR_EVER = {
    ".venv/bin/asyncproof reference-miner",  # without arguments
    ".venv/bin/asyncproof reference-miner --set real-shape --job-seconds 0.5",
}
# The installed programs, and the modules that they run.
PROGRAMS = {".venv/bin/asyncproof": "asyncproof", ".venv/bin/pytest": "pytest"}
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"  # a new shell: the environment is not activated
SETS_ONLY = re.compile(r"^export ")


def commands() -> Iterator[str]:
    for block in re.findall(r"```bash\n(.*?)```", "".join([README, *PAGES]), re.S):
        for line in block.replace("\\\n", " ").splitlines():
            command = line.partition("  #")[0].strip()
            if command and not SETS_ONLY.match(command):
                yield command


RUN_HERE = [
    command
    for command in dict.fromkeys(commands())
    if not command.startswith(tuple(ELSEWHERE)) and command not in RUNS_FOR_EVER
]
# The first command of each program, and each that sets a variable, is run by a shell as it stands.
# The others show that their arguments work, for which no new Python has to import everything.
BY_A_SHELL = {command.split()[0]: command for command in reversed(RUN_HERE)}.values()


@pytest.fixture(scope="session")
def example(miner: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recorded run and with pictures."""
    shell = Shell(tmp_path_factory.mktemp("example"))
    test = "tests/e2e/async_inference/test_async_inference.py"
    named = {"ASYNC_IMAGE_SIZE": "512x512", "ASYNC_RUN_SEED": "1"}
    assert shell.suite(test, ASYNC_MINER_URL=miner, **named).code == 0
    return shell.folder


@pytest.mark.parametrize("command", RUN_HERE)
def test_a_command_of_the_readme_or_a_page_works(
    shell: Shell, miner: str, example: Path, command: str
) -> None:
    as_it_stands = command in BY_A_SHELL
    (recorded,) = (example / "reports").iterdir()
    (shell.folder / "known.json").write_text('{"known": []}')
    for written, here in {
        "http://localhost:8091": miner,
        "reports/RUN": str(recorded),
        "/app/output": str(recorded / "pictures"),
        "1024x1024": "512x512",
        "known.json": str(shell.folder / "known.json"),
        "bad.html": str(shell.folder / "bad.html"),
        "STRESS_TEST_CONCURRENT=50": "STRESS_TEST_CONCURRENT=3",
        "tests/e2e/async_inference -s": "tests/e2e/async_inference/test_async_inference.py -s",
        "--jobs 200": "--jobs 20",
        "--concurrency 20 --size 512x512": "--concurrency 20 --size 64x64",
        "asyncproof run": "asyncproof run -k test_async_inference.py",
    }.items():
        command = command.replace(written, here)
    environ = {"ASYNC_MINER_URL": miner, "PATH": SYSTEM_PATH}
    if as_it_stands:
        ran = shell.run("bash", "-c", command, **environ)
    else:
        program, *arguments = shlex.split(command)
        ran = shell.forked(PROGRAMS[program], *arguments, **environ)
    assert ran.code == 0, f"{command}\n{ran.output}"


def test_what_runs_elsewhere_is_in_the_readme_or_a_page() -> None:
    said = list(commands())
    assert not [c for c in ELSEWHERE if not any(s.startswith(c) for s in said)]


def test_the_python_of_the_readme_runs() -> None:
    for code in re.findall(r"```python\n(.*?)```", README, re.S):
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_the_test_of_the_readme_runs_in_a_foreign_repository(shell: Shell, miner: str) -> None:
    (code,) = re.findall(r"```python\n([^`]*def test_[^`]*)```", README)
    (shell.folder / "test_mine.py").write_text(code)
    foreign = Shell(shell.folder, cwd=shell.folder)
    ran = foreign.run(sys.executable, "-m", "pytest", "test_mine.py", "--asyncproof-miner", miner)
    assert ran.code == 0, ran.output
    assert "1 passed" in ran.output


def test_every_page_and_picture_that_is_linked_exists() -> None:
    linked = re.findall(r"\]\(([\w./-]+)\)", README)
    assert linked
    assert not [path for path in linked if not (ROOT / path).exists()]


def test_every_variable_of_the_settings_is_in_the_readme() -> None:
    missing = [name for name in Settings().described() if f"`{name}`" not in README]
    assert missing == []


def test_every_dependency_has_its_line_of_reasons() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    wanted = {
        name.lower()
        for file in ROOT.glob("requirements_*.txt")
        for name in re.findall(r"^[A-Za-z][\w.-]*", file.read_text(encoding="utf-8"), re.M)
    }
    assert wanted
    assert sorted(name for name in wanted if name not in reasons) == []
