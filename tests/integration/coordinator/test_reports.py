"""JUnit and JSON are made from events, so they exist, and are red, after a kill too."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from asyncproof.coordinator.build import SuiteRecord, TestOutcome, TestResult
from asyncproof.coordinator.exit_reason import ExitReason, Log, ProcessEnd, Reason
from asyncproof.coordinator.report.as_json import to_json
from asyncproof.coordinator.report.junit import to_junit
from asyncproof.coordinator.report.page import to_page
from asyncproof.coordinator.result import SuiteResult, conclude
from tests.support.sessions import run_session

KILLED_INSIDE = """
import os, pytest, signal
def test_one(): pass
@pytest.mark.xfail(reason="known")
def test_xfails(): assert 0
def test_fails():
    print("said before")
    assert "\\x00\\x1b[31m" == 1
def test_dies(): os.kill(os.getpid(), signal.SIGKILL)
def test_after(): pass
"""


def killed(folder: Path) -> SuiteResult:
    session = run_session(folder, KILLED_INSIDE)
    return conclude("unit", session.record, session.ended, last_lines=("last words",))


def test_junit_after_a_kill_has_every_planned_test(tmp_path: Path) -> None:
    root = ET.fromstring(to_junit(killed(tmp_path)))

    suite = root.find("testsuite")
    assert suite is not None
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    tags = {name: [child.tag for child in case] for name, case in cases.items()}
    assert tags == {
        "test_one": [],
        "test_xfails": ["skipped"],
        "test_fails": ["failure", "system-out"],
        "test_dies": ["error"],
        "test_after": ["error"],
        "[how the suite ended]": ["error"],
    }
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("6", "1", "3")
    ended = cases["[how the suite ended]"].find("error")
    assert ended is not None
    assert "SIGKILL" in (ended.text or "")


def test_the_page_after_a_kill_shows_what_went_wrong_and_text_as_text(tmp_path: Path) -> None:
    evil = TestResult("test_x", TestOutcome.FAILED, text="<script>alert(1)</script>")
    other = conclude("e2e", SuiteRecord(tests=(evil,)), ProcessEnd(exit_code=1))
    html = to_page([killed(tmp_path), other], tmp_path)
    assert "killed by signal" in html
    assert "last words" in html
    assert "test_after: never started" in html
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_json_after_a_kill_says_why_and_what_is_missing(tmp_path: Path) -> None:
    whole = json.loads(to_json([killed(tmp_path)]))

    suite = whole["suites"][0]
    assert not whole["passed"]
    assert suite["ended"]["reason"] == "killed by signal"
    assert suite["planned"] == len(suite["tests"]) == 5
    assert suite["counts"]["never started"] == 1
    assert suite["counts"]["running when the suite died"] == 1


def test_json_tells_attempts_before_and_gaps_of_the_log() -> None:
    record = SuiteRecord(
        tests=(TestResult("t.py::t", TestOutcome.PASSED),),
        started=True,
        collected=True,
        ended=True,
        exit_status=0,
    )
    gap = Log("log.txt", ("nothing from line 3 to line 9",))
    before = (ExitReason(Reason.EVICTED, ("node under pressure",)),)
    result = conclude("e2e", record, ProcessEnd(exit_code=0, log=gap), before)

    suite = json.loads(to_json([result]))["suites"][0]
    assert suite["green"]
    assert not suite["log"]["complete"]
    assert suite["attempts_before"][0]["reason"] == "evicted"


def test_junit_of_a_suite_without_tests_is_red() -> None:
    result = conclude(
        "e2e", SuiteRecord(), ProcessEnd(cause=Reason.UNSCHEDULABLE, told=("0/3 nodes",))
    )

    suite = ET.fromstring(to_junit(result)).find("testsuite")
    assert suite is not None
    assert suite.get("errors") == "1"
