"""Every command of the README is run: here as it stands, or where the table says."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.settings import ROOT, Settings
from tests.unit.commands.shell import Shell

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Commands that run for ever, install, or are whole jobs of CI: what runs them.
ELSEWHERE = {
    "make e2e": "CI, and test_suite_commands.py",
    "make test": "CI",
    "make worker-test": "CI",
    "make parallel": "CI, with one suite",
    "pip install -r requirements_test_async.txt": "CI, by .ci/install",
    "python -m tests.e2e.async_inference.cli callback-server": "test_suite_commands.py",
    "python -m tests.e2e.async_inference.cli watch": "test_watch.py",
    "python -m reference.miner --port": "every test with a miner",
}
SETS_ONLY = re.compile(r"^export ")


def commands() -> Iterator[str]:
    for block in re.findall(r"```bash\n(.*?)```", README, re.S):
        for line in block.splitlines():
            command = line.partition("  #")[0].strip()
            if command and not SETS_ONLY.match(command):
                yield command


RUN_HERE = [c for c in commands() if not c.startswith(tuple(ELSEWHERE))]


@pytest.fixture(scope="session")
def example(miner: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recorded run and with pictures."""
    shell = Shell(tmp_path_factory.mktemp("example"))
    test = "tests/e2e/async_inference/test_async_inference.py"
    named = {"ASYNC_IMAGE_SIZE": "512x512", "ASYNC_RUN_SEED": "1"}
    assert shell.suite(test, ASYNC_MINER_URL=miner, **named).code == 0
    return shell.folder


@pytest.mark.parametrize("command", RUN_HERE)
def test_a_command_of_the_readme_works(
    shell: Shell, miner: str, example: Path, command: str
) -> None:
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
        "cli run": "cli run -k test_async_inference.py",
        "python ": f"{sys.executable} ",
        "pytest ": f"{sys.executable} -m pytest ",
    }.items():
        command = command.replace(written, here)
    ran = shell.run("bash", "-c", command, ASYNC_MINER_URL=miner)
    assert ran.code == 0, f"{command}\n{ran.output}"


def test_what_runs_elsewhere_is_in_the_readme() -> None:
    said = list(commands())
    assert not [c for c in ELSEWHERE if not any(s.startswith(c) for s in said)]


def test_the_python_of_the_readme_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


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
