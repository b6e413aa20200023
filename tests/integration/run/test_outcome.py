"""One verdict, one code: process, verdict.json, JUnit and the report say the same."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.matrix.miner.runner import AS_INSTALLED, QUICK, QUICK_MINER, TIMEOUT, clean_environ
from tests.support.forked import NOT_REWRITTEN, module_process
from tests.support.miners import forked_miner

# Tests of a user of the plugin, each of which ends a run in another way.
TESTS = """
import errno
import pytest
from asyncproof.checks import scheduling
from asyncproof.harness.verdict import check
from asyncproof.harness.history_file import HistoryWriter
from asyncproof.workload.scenario import burst

def judged(testbed, draw, judge, *more):
    verdict = judge(testbed.run(burst(draw.jobs(2))), [scheduling.every_job_ends, *more])
    assert verdict.passed, verdict.explain()

def test_one(testbed, draw, judge):
    judged(testbed, draw, judge)

def test_nothing_to_judge(testbed, draw, judge):
    @check("X-1")
    def sees_nothing(history):
        yield from ()
    judged(testbed, draw, judge, sees_nothing)

def test_a_check_that_crashes(testbed, draw, judge):
    @check("X-1")
    def crashes(history):
        yield 1 / 0
    judged(testbed, draw, judge, crashes)

def test_that_crashes(testbed, draw, judge):
    judged(testbed, draw, judge)
    2.0 ** 1024

def test_on_a_full_disk(testbed, draw, judge, monkeypatch):
    whole = HistoryWriter.append
    left = [4]
    def append(writer, event):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(writer, event)
    monkeypatch.setattr(HistoryWriter, "append", append)
    judged(testbed, draw, judge)
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What each of the four says."""

    process: int
    verdict: tuple[str, int]
    junit: tuple[str, int]
    junit_is_bad: bool
    page: tuple[str, int]
    terminal: str
    output: str
    recorded: int


@pytest.fixture(scope="module")
def miner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("miner") / "miner.log"
    with forked_miner(QUICK_MINER, log) as url:
        yield url


def ran(test: str, folder: Path, url: str) -> Said:
    (folder / "test_of_a_user.py").write_text(TESTS)
    settings = {
        "ASYNC_MINER_URL": url,
        "ASYNC_REPORT_DIR": str(folder / "reports"),
        "ASYNC_CALLBACK_DIR": str(folder / "callbacks"),
        "ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0",
    }
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *NOT_REWRITTEN]
    options += [f"--rootdir={folder}", "--junitxml=junit.xml", f"test_of_a_user.py::{test}"]
    environ = {**clean_environ(), **AS_INSTALLED, **QUICK, **settings}
    log = folder / "pytest.log"
    with module_process("pytest", options, environ=environ, output=log, cwd=folder) as process:
        process.join(TIMEOUT)
        code = process.exitcode
    assert code is not None, f"no end within {TIMEOUT:g} s: {log.read_text()}"
    return _read(code, log.read_text(), folder)


def _read(code: int, output: str, folder: Path) -> Said:
    (run,) = (folder / "reports").iterdir()
    verdict = json.loads((run / "verdict.json").read_text())
    suite = ET.parse(folder / "junit.xml").getroot()[0]
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    page = (run / "report.html").read_text()
    told = [line for line in output.splitlines() if line.startswith("Verdict: ")]
    return Said(
        process=code,
        verdict=(verdict["outcome"], verdict["exit_code"]),
        junit=(str(properties["outcome"]), int(str(properties["exit_code"]))),
        junit_is_bad=any(int(suite.get(kind, "0")) for kind in ("failures", "errors")),
        page=_of_the_page(page),
        terminal=told[-1].removeprefix("Verdict: ") if told else output,
        output=output,
        recorded=len((run / "history.ndjson").read_text().splitlines()),
    )


def _of_the_page(page: str) -> tuple[str, int]:
    outcome, _, rest = page.partition('<p class="outcome">')[2].partition(" <small>exit code ")
    return outcome, int(rest.partition("<")[0])


FAULTY: Mapping[str, tuple[str, int, str]] = {
    "test_nothing_to_judge": ("INCONCLUSIVE", 4, "nothing of the kind"),
    "test_a_check_that_crashes": ("INCONCLUSIVE", 5, "ZeroDivisionError"),
    "test_that_crashes": ("INCONCLUSIVE", 5, "OverflowError"),
    "test_on_a_full_disk": ("INCONCLUSIVE", 3, "No space left on device"),
}


@pytest.mark.parametrize("test", ["test_one", *FAULTY])
def test_all_say_the_same(test: str, tmp_path: Path, miner: str) -> None:
    outcome, code, told = FAULTY.get(test, ("PASS", 0, ""))
    said = ran(test, tmp_path, miner)
    assert said.process == code, said.output
    assert said.verdict == said.junit == said.page == (outcome, code), said.output
    assert said.terminal == outcome, said.output
    assert said.junit_is_bad == (code != 0), said.output
    assert told in said.output
    assert said.recorded >= 4


def test_findings_are_said_by_all(tmp_path: Path) -> None:
    """Also where every test passed, since none of them asked about it."""
    with forked_miner([*QUICK_MINER, "--fault", "callback-twice"], tmp_path / "log") as url:
        said = ran("test_one", tmp_path, url)
    assert said.process == 1, said.output
    assert said.verdict == said.junit == said.page == ("FAIL", 1)
    assert said.terminal == "FAIL"
    assert said.junit_is_bad
