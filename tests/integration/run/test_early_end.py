"""A run that is ended early, at any moment, leaves its evidence and nothing else."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from xml.etree import ElementTree as ET

import psutil
import pytest

from asyncproof.harness.exit_codes import ExitCode
from tests import ROOT
from tests.matrix.miner.runner import AS_INSTALLED, QUICK, clean_environ
from tests.support.forked import NOT_REWRITTEN, module_process
from tests.support.waiting import TIMEOUT, until

SUITE = "tests/e2e/async_inference/test_race_conditions.py::test_rapid_concurrent_inference"
PLAIN = ("-p", "no:cacheprovider")
COMMANDS = {
    "asyncproof": ["asyncproof", "run", "-k", "rapid_concurrent"],
    "plugin": ["pytest", *PLAIN, "--rootdir=.", "test_of_a_user.py"],
    "pytest": ["pytest", *PLAIN, SUITE],
}
MOMENTS = {
    "the run has begun": '"type":"RunStarted"',
    "jobs are under way": '"status":"processing"',
    "reports are written": '"type":"RunEnded"',
}


# A test of a user of the plugin, which asks for the run in the middle of the session.
OF_A_USER = """
from asyncproof.checks import scheduling
from asyncproof.workload.scenario import burst

def test_jobs(testbed, draw, judge):
    verdict = judge(testbed.run(burst(draw.jobs(40))), [scheduling.every_job_ends])
    assert verdict.passed, verdict.explain()
"""


@dataclass(frozen=True, slots=True)
class Left:
    """What an ended run left behind."""

    code: int
    output: str
    verdict: dict[str, object]
    junit: dict[str, str | None]
    page: str


@dataclass
class Started:
    """A run in a folder of its own, with everything that it started."""

    folder: Path
    process: ForkServerProcess
    log: Path

    def has_recorded(self, text: str) -> bool:
        return any(
            text in file.read_text() for file in self.folder.glob("reports/*/history.ndjson")
        )

    def ended(self) -> tuple[int, str]:
        """The exit code, and all that was printed."""
        self.process.join(TIMEOUT)
        code, output = self.process.exitcode, self.log.read_text()
        assert code is not None, f"no end within {TIMEOUT:g} s: {output}"
        return code, output

    def end(self, number: signal.Signals, times: int = 1) -> Left:
        assert self.process.pid
        family = psutil.Process(self.process.pid).children(recursive=True)
        for _ in range(times):
            os.kill(self.process.pid, number)
        code, output = self.ended()
        _, alive = psutil.wait_procs(family, timeout=TIMEOUT)
        assert alive == []
        (run,) = self.folder.glob("reports/2*")
        suite = ET.parse(self.folder / "junit.xml").getroot()[0]
        return Left(
            code,
            output,
            json.loads((run / "verdict.json").read_text()),
            {str(p.get("name")): p.get("value") for p in suite.iter("property")},
            (run / "report.html").read_text(),
        )


@contextlib.contextmanager
def started(folder: Path, command: str) -> Iterator[Started]:
    mine = {
        "ASYNC_MINER_URL": "reference",
        "ASYNC_REPORT_DIR": str(folder / "reports"),
        "ASYNC_CALLBACK_DIR": str(folder / "callbacks"),
        "STRESS_TEST_CONCURRENT": "12",
    }
    (folder / "test_of_a_user.py").write_text(OF_A_USER)
    module, *words = COMMANDS[command]
    environ = {**clean_environ(), **AS_INSTALLED, **QUICK, **mine}
    environ["PYTEST_ADDOPTS"] = " ".join([environ["PYTEST_ADDOPTS"], *NOT_REWRITTEN])
    log = folder / "printed.txt"
    with module_process(
        module,
        [*words, f"--junitxml={folder / 'junit.xml'}"],
        environ=environ,
        output=log,
        cwd=folder if command == "plugin" else ROOT,
    ) as process:
        yield Started(folder, process, log)


@pytest.mark.parametrize(
    ("command", "number", "moment"),
    [
        ("asyncproof", signal.SIGTERM, "the run has begun"),
        ("asyncproof", signal.SIGINT, "jobs are under way"),
        ("pytest", signal.SIGTERM, "jobs are under way"),
        ("plugin", signal.SIGINT, "jobs are under way"),
        ("pytest", signal.SIGTERM, "reports are written"),
        ("asyncproof", signal.SIGINT, "reports are written"),
    ],
)
def test_a_signal_leaves_verdict_report_and_junit_and_nothing_running(
    tmp_path: Path, command: str, number: signal.Signals, moment: str
) -> None:
    with started(tmp_path, command) as run:
        until(moment, lambda: run.has_recorded(MOMENTS[moment]))
        left = run.end(number, times=2)

    assert "Traceback" not in left.output
    assert "destroyed" not in left.output
    assert left.verdict["findings"] == []
    assert left.verdict["exit_code"] == left.code, left.output
    assert left.junit["outcome"] == left.verdict["outcome"]
    if moment != "reports are written":
        assert left.code == ExitCode.INCONCLUSIVE
        assert left.verdict["incomplete"] == f"interrupted by {number.name}"
        assert f"INCOMPLETE: interrupted by {number.name}" in left.output
        assert f"INCOMPLETE: interrupted by {number.name}" in left.page


# A plugin of the user's in the old style, in whose hook the signal comes.
OF_ANOTHER_PLUGIN = """
import os
import signal
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_report_teststatus(report):
    yield
    if report.when == "call":
        os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_within_a_hook_of_another_plugin_is_no_error_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(OF_ANOTHER_PLUGIN)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error::pluggy.PluggyTeardownRaisedWarning\n"
    )
    with started(tmp_path, "plugin") as run:
        code, output = run.ended()
    assert "INTERNALERROR" not in output
    assert "INCOMPLETE: interrupted by SIGTERM" in output
    assert code == ExitCode.INCONCLUSIVE
