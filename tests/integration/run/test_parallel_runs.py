"""With ``pytest -n``, the verdicts of all workers are the verdict of their session."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.verdict import Outcome
from asyncproof.run.parallel_runs import ParallelRuns
from tests.matrix.miner.runner import QUICK_MINER
from tests.support.miners import forked_miner
from tests.support.shell import Shell

TESTS = ("tests/e2e/async_inference/test_async_inference.py", "-n", "2", "-p", "xdist")


@pytest.mark.parametrize(
    ("faults", "code", "outcome"),
    [((), ExitCode.PASS, "PASS"), (("--fault", "no-end-time"), ExitCode.FINDINGS, "FAIL")],
)
def test_the_session_ends_as_its_workers_did(
    tmp_path: Path, faults: tuple[str, ...], code: ExitCode, outcome: str
) -> None:
    junit = tmp_path / "junit.xml"
    with forked_miner([*QUICK_MINER, *faults], tmp_path / "log") as url:
        ran = Shell(tmp_path).suite(*TESTS, f"--junitxml={junit}", ASYNC_MINER_URL=url)
    assert ran.code == code, ran.output
    assert f"workers: {outcome}" in ran.output
    properties = {p.get("name"): p.get("value") for p in ET.parse(junit).iter("property")}
    assert properties["outcome"] == outcome


def test_a_worker_that_died_is_never_a_pass() -> None:
    runs = ParallelRuns()
    runs.told = [{"exit_code": 0, "report": "", "lines": []}]
    assert runs.exit_code is ExitCode.PASS
    runs.tests_failed = True
    assert (runs.exit_code, runs.outcome) == (ExitCode.SUITE_FAULT, Outcome.INCONCLUSIVE)
