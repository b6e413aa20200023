"""The wheel, installed outside the repository: command, suite and fixtures work there."""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.shell import Shell

OURS = """
from asyncproof.checks import THE_PROTOCOL
from asyncproof.workload.scenario import burst


def test_ours(testbed, draw, judge):
    history = testbed.run(burst(draw.jobs(2)))
    verdict = judge(history, THE_PROTOCOL)
    assert verdict.passed, verdict.explain()
"""
SENDER = """
import requests


def test_a_sender(callback_server):
    callback_server.expect("token", "s3cret")
    requests.post(
        f"{callback_server.url}/callback/token",
        headers={"X-Callback-Secret": "s3cret"},
        files={"job_id": (None, "job"), "status": (None, "failed"), "error": (None, "no memory")},
        timeout=10,
    ).raise_for_status()
    assert callback_server.wait_for("token").fields["error"] == "no memory"
"""


def build(source: Path, kind: str, folder: Path) -> Path:
    """A wheel or an sdist of the project, built without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=60)
    (built,) = folder.iterdir()
    return built


def contents(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {n: hashlib.sha256(archive.read(n)).hexdigest() for n in archive.namelist()}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the wheel alone; its packages are ours."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command = [*pip, "--no-compile", "--target", str(folder), str(wheel)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture
def elsewhere(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell in a folder of somebody else, where the wheel is installed."""
    monkeypatch.setenv("PYTHONPATH", str(installed))
    return Shell(tmp_path, cwd=tmp_path)


def test_the_wheel_holds_one_package_and_nothing_of_the_developers(wheel: Path) -> None:
    names = list(contents(wheel))
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"asyncproof"}
    ours = ("__pycache__", "/unit/", "/integration/", "/matrix/", "/support/")
    assert not [name for name in names if any(part in name for part in ours)]
    assert "asyncproof/py.typed" in names
    parts = ("static/core.js", "static/page.css", "templates/run.html.j2")
    assert {f"asyncproof/reports/html/{part}" for part in parts} <= set(names)


def test_the_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    sdist = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / sdist.name.removesuffix(".tar.gz")
    assert contents(build(source, "wheel", tmp_path / "wheel")) == contents(wheel)


def test_the_command_answers_in_another_folder(elsewhere: Shell, installed: Path) -> None:
    command = str(installed / "bin" / "asyncproof")
    where = elsewhere.run(sys.executable, "-c", "import asyncproof; print(asyncproof.__file__)")
    assert where.output.startswith(str(installed))
    for words, told in {
        "--help": "reference-miner",
        "explain CBK-4": "CBK-4 (MUST)",
        "reference-miner --list-faults": "bottom-black",
    }.items():
        ran = elsewhere.run(command, *words.split())
        assert (ran.code, told in ran.output) == (0, True), f"{words}\n{ran.output}"
    no_such = elsewhere.run(command, "suites", "unit")
    assert "the file declares e2e, worker" in no_such.output, no_such.output


def test_the_suite_runs_against_the_bundled_miner(elsewhere: Shell, installed: Path) -> None:
    run = [str(installed / "bin" / "asyncproof"), "run", "--miner", "reference"]
    ran = elsewhere.run(*run, "-k", "test_unknown_ids_are_not_found")
    assert ran.code == 0, ran.output
    assert "Verdict: PASS" in ran.output


def test_a_repository_of_its_own_has_the_fixtures_and_the_suite(
    elsewhere: Shell, miner: str
) -> None:
    (elsewhere.folder / "test_ours.py").write_text(OURS)
    (elsewhere.folder / "test_sender.py").write_text(SENDER)
    pytest_in_ours = (sys.executable, "-m", "pytest", "test_ours.py", "test_sender.py")
    suite = ("--pyargs", "asyncproof.suites.async_inference")
    chosen = ("-k", "test_ours or test_a_sender or test_unknown_ids_are_not_found")
    ran = elsewhere.run(*pytest_in_ours, *suite, *chosen, ASYNC_MINER_URL=miner)
    assert (ran.code, "3 passed" in ran.output) == (0, True), ran.output
