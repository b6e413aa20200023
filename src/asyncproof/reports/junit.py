"""A verdict as JUnit XML: one test case for each check, for programs that read only that."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from asyncproof.harness.verdict import CheckResult, Outcome, Verdict

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class JUnitSuite:
    """One run by its name; ``seconds`` is how long it took."""

    name: str
    verdict: Verdict
    seconds: float


def as_junit(suites: Iterable[JUnitSuite]) -> str:
    """A broken MUST is a failure. Nothing to judge, and a crashed check, are errors: no evidence is
    never a pass. A broken SHOULD passes and is told in the case's output."""
    document = ET.Element("testsuites")
    document.extend(_suite(suite) for suite in suites)
    ET.indent(document)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(document, "unicode") + "\n"


def _suite(suite: JUnitSuite) -> ET.Element:
    verdict = suite.verdict
    cases = [_case(verdict, result, suite.name) for result in verdict.results]
    if verdict.incomplete:
        cut = ET.Element("testcase", classname=suite.name, name="the run is complete", time="0")
        ET.SubElement(cut, "error", message=_clean(verdict.incomplete))
        cases.append(cut)
    counts = {tag: sum(case.find(tag) is not None for case in cases) for tag in _TAGS}
    root = ET.Element(
        "testsuite",
        name=suite.name,
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{suite.seconds:.3f}",
    )
    root.extend(cases)
    return root


_TAGS = ("failure", "error", "skipped")


def _case(verdict: Verdict, result: CheckResult, suite: str) -> ET.Element:
    where = f" in {result.scenario}" if result.scenario else ""
    name = f"{', '.join(result.clauses)} {result.check}{where}"
    case = ET.Element("testcase", classname=suite, name=name, time="0")
    failing = [f for f in result.findings if f in verdict.failures]
    told = "\n".join(f"{verdict.level(f)} {f}" for f in result.findings)
    if failing:
        failure = ET.SubElement(case, "failure", message=_clean(str(failing[0])))
        failure.text = _clean(told)
    elif result.outcome is Outcome.INCONCLUSIVE:
        reason = "the check crashed" if result.crash else "there was nothing to judge"
        ET.SubElement(case, "error", message=reason).text = _clean(result.crash)
    elif result.outcome is Outcome.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", message=_clean(result.reason))
    elif told:
        ET.SubElement(case, "system-out").text = _clean(told)
    return case


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
