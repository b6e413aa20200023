"""A verdict as JUnit XML: what failed fails there, and what was not judged does not pass."""

from xml.etree import ElementTree as ET

from asyncproof.harness.verdict import CheckResult, Finding, Level, Verdict
from asyncproof.reports.junit import JUnitSuite, as_junit

MUST = Finding("A-1", "w", "good", "bad \x00 <&>")
SHOULD = Finding("A-2", "w", "good", "so-so")
RESULTS = (
    CheckResult("held", ("A-0",), judged=3),
    CheckResult("broken", ("A-1",), judged=2, findings=(MUST,)),
    CheckResult("warned", ("A-2",), judged=1, findings=(SHOULD,)),
    CheckResult("blind", ("A-3",), judged=0),
    CheckResult("crashed", ("A-4",), judged=1, crash="Traceback: boom"),
    CheckResult("excused", ("A-5",), judged=0, reason="owes nothing"),
)


def test_each_outcome_has_its_place() -> None:
    """One case for each check; SHOULD warns, no evidence is an error, text is made safe."""
    verdict = Verdict(RESULTS, {"A-2": Level.SHOULD}, incomplete="interrupted")
    root = ET.fromstring(as_junit([JUnitSuite("suite", verdict, 1.5)]))
    [suite] = root.findall("testsuite")

    kinds = {
        case.get("name", "").split()[-1]: [child.tag for child in case]
        for case in suite.findall("testcase")
    }
    assert kinds == {
        "held": [],
        "broken": ["failure"],
        "warned": ["system-out"],
        "blind": ["error"],
        "crashed": ["error"],
        "excused": ["skipped"],
        "complete": ["error"],
    }
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")}
    assert counts == {
        "tests": "7", "failures": "1", "errors": "3", "skipped": "1", "time": "1.500"
    }  # fmt: skip
    failure = suite.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "A-1 w: expected good, got bad \\x00 <&>"


def test_several_suites_stand_side_by_side() -> None:
    verdict = Verdict(RESULTS[:1])
    root = ET.fromstring(as_junit([JUnitSuite("a", verdict, 1), JUnitSuite("b", verdict, 1)]))
    assert [suite.get("name") for suite in root] == ["a", "b"]
