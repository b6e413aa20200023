"""The command line with ``--backend kubernetes`` against a real control plane."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import ROOT
from tests.kubernetes.cluster import RealCluster
from tests.kubernetes.control_plane import NAMESPACE
from tests.support.runs import declare
from tests.support.waiting import TIMEOUT, until


@dataclass(frozen=True, slots=True)
class Command:
    """Calls of the coordinator in one folder, as the coordinator's account."""

    cluster: RealCluster
    folder: Path

    def declare(self, sources: Mapping[str, str]) -> None:
        """Suites by absolute paths, because a pod's working directory is its image's."""
        needs = {
            name.replace("-", "_"): {
                "pytest": [str(self.folder / name / "test_it.py"), f"--rootdir={self.folder}"],
                "memory": "64 MiB",
            }
            for name in sources
        }
        declare(self.folder, sources, **needs)

    def __call__(self, *args: str) -> "subprocess.Popen[bytes]":
        where = ["--backend", "kubernetes", "--image", "suite:1", "--namespace", NAMESPACE]
        files = ["--suites", f"{self.folder}/suites.toml", "--reports", f"{self.folder}/reports"]
        own = [*where, "--kubeconfig", self.cluster.kubeconfig, *files]
        program = [sys.executable, "-m", "asyncproof.coordinator", *own, *args]
        with (self.folder / "said.txt").open("ab") as said:
            return subprocess.Popen(program, cwd=ROOT, stdout=said, stderr=said)

    def said(self) -> str:
        return (self.folder / "said.txt").read_text()

    def run_folder(self) -> Path:
        (run,) = (self.folder / "reports").iterdir()
        return run


@pytest.fixture
def command(real_cluster: RealCluster, tmp_path: Path) -> Command:
    return Command(real_cluster, tmp_path)


TWO_PARTS = """
import os, pathlib, pytest, time
HERE = pathlib.Path(__file__).parent
@pytest.mark.parametrize("n", range(6))
def test_one(n):
    if (HERE / "again").exists(): return
    (HERE / "begun").touch()
    time.sleep(600)
"""


def test_a_killed_coordinator_and_the_one_that_goes_on(command: Command) -> None:
    """Two shards; the Jobs of the dead coordinator are found and deleted, their parts run again."""
    command.declare({"parts": TWO_PARTS})
    here = command.folder / "parts"
    with command("parts", "--shards", "2") as first:
        until("a test to begin", (here / "begun").exists)
        until("both Jobs", lambda: len(command.cluster.jobs("parts-")) == 2)
        first.kill()
    left = command.cluster.jobs("parts-")
    (here / "again").touch()

    with command("--resume", str(command.run_folder())) as second:
        code = second.wait(TIMEOUT)

    assert code == 0, command.said()
    assert all(f"now ended: Job {job}" in command.said() for job in left)
    told = json.loads((command.run_folder() / "results.json").read_text())["suites"]
    assert [s["suite"] for s in told] == ["parts-1", "parts-2"]
    assert sum(s["planned"] for s in told) == 6
    assert all(s["attempts_before"][0]["reason"] == "coordinator died" for s in told)


SHARES = """
import contextlib, os, pathlib, socket, time
HERE = pathlib.Path(__file__).parents[1]
TOGETHER = "-t" in os.environ["COORDINATOR_RUN"]
def use_a_server():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, contextlib.suppress(OSError):
        s.connect(("192.0.2.1", 8091))
def wait_for(name):
    while not (HERE / name).exists(): time.sleep(0.05)
"""
HOLDS = f"""{SHARES}
def test_holds():
    use_a_server()
    (HERE / "held").touch()
    if TOGETHER: wait_for("tried")
    (HERE / "held").unlink()
"""
WANTS = f"""{SHARES}
def test_wants():
    use_a_server()
    if TOGETHER: wait_for("held")
    held = (HERE / "held").exists()
    if TOGETHER: (HERE / "tried").touch()
    assert not held
"""


def test_suites_that_break_together_are_found_in_a_cluster(command: Command) -> None:
    """Green alone and red together, with the server that both use, and no port of a pod."""
    command.declare({"holds": HOLDS, "wants": WANTS})

    with command("--compare", "holds", "wants", "--repeats", "0", "--cleanup", "never") as compare:
        code = compare.wait(TIMEOUT)

    said = command.said()
    assert code == 1, said
    differs = "wants/test_it.py::test_wants: alone 1 passed; together 1 failed; unsettled"
    assert differs in said
    assert "it uses server 192.0.2.1:8091 (used by holds, wants)" in said
    told = json.loads((command.run_folder() / "comparison.json").read_text())
    assert [each["kind"] for each in told["shared"]] == ["server"]
    assert told["busy"] is None
    assert len(command.cluster.jobs("holds-")) == len(command.cluster.jobs("wants-")) == 2
