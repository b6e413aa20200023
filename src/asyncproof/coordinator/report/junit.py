"""A suite's result as JUnit XML. Made from events, so it can be written after a kill as well."""

import re
from xml.etree import ElementTree as ET

from asyncproof.coordinator.build import BROKEN, LOST, TestOutcome, TestResult
from asyncproof.coordinator.exit_reason import Reason
from asyncproof.coordinator.result import SuiteResult

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOLD_BY_TESTS = frozenset({Reason.COMPLETED, Reason.TESTS_FAILED, Reason.MEMORY_ERROR})


def to_junit(result: SuiteResult) -> bytes:
    """One suite. A test without an outcome is an error; so is an exit reason that no test shows."""
    cases = [_case(test) for test in result.record.tests]
    if result.ending.reason not in _TOLD_BY_TESTS or not (cases or result.green):
        cases.append(_ending_case(result))
    suite = ET.Element(
        "testsuite",
        name=_clean(result.suite),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=f"{result.ended.took:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(result):
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    suite.extend(cases)
    document = ET.Element("testsuites")
    document.append(suite)
    ET.indent(document)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(document, "unicode").encode()


def _properties(result: SuiteResult) -> list[tuple[str, str]]:
    ended = [("ended", result.ending.reason.value)]
    evidence = [("evidence", text) for text in result.ending.evidence]
    log = [("log gap", gap) for gap in result.ended.log.gaps]
    return ended + evidence + log + [("attempt before", e.reason.value) for e in result.before]


def _case(test: TestResult) -> ET.Element:
    path, _, name = test.test.partition("::")
    classname = path.removesuffix(".py").replace("/", ".")
    case = ET.Element(
        "testcase", classname=_clean(classname), name=_clean(name or path), time=f"{test.took:.3f}"
    )
    tag = _tag(test.outcome)
    if tag:
        first = next((line for line in reversed(test.text.splitlines()) if line.strip()), "")
        message = first.strip() or test.outcome.value
        told = ET.SubElement(case, tag, type=test.outcome.value, message=_clean(message))
        told.text = _clean(test.text)
    if test.output:
        ET.SubElement(case, "system-out").text = _clean(test.output)
    return case


def _tag(outcome: TestOutcome) -> str:
    if outcome is TestOutcome.FAILED:
        return "failure"
    if outcome in BROKEN | LOST:
        return "error"
    return "skipped" if outcome in {TestOutcome.SKIPPED, TestOutcome.XFAILED} else ""


def _ending_case(result: SuiteResult) -> ET.Element:
    case = ET.Element("testcase", classname=_clean(result.suite), name="[how the suite ended]")
    reason = result.ending.reason.value
    told = ET.SubElement(case, "error", type=reason, message=reason)
    told.text = _clean("\n".join((*result.ending.evidence, "", *result.last_lines)))
    return case


def _clean(text: str) -> str:
    """Text that XML 1.0 can carry: control characters and the like become question marks."""
    return _NOT_XML.sub("?", text)
