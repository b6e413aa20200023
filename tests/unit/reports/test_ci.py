"""What GitHub and GitLab are told, within their limits and in their syntax."""

import json

import pytest

from asyncproof.harness.contract import Clause
from asyncproof.harness.verdict import CheckResult, Finding, Level, Verdict
from asyncproof.reports.ci import (
    MOST_ANNOTATIONS,
    MOST_SUMMARY,
    github_annotations,
    github_summary,
    gitlab_code_quality,
)

CLAUSES = {
    "CBK-1": Clause("CBK-1", Level.MUST, "A job, any: gets one", "Reason."),
    "POL-4": Clause("POL-4", Level.SHOULD, "Progress", "Reason."),
}


def verdict(*findings: Finding, incomplete: str = "") -> Verdict:
    results = tuple(CheckResult("c", (f.clause,), 1, (f,)) for f in findings)
    levels = {clause: each.level for clause, each in CLAUSES.items()}
    return Verdict(results, levels, incomplete=incomplete)


def finding(clause: str = "CBK-1", cause: str = "", actual: str = "none") -> Finding:
    return Finding(clause, "job_001", "one", actual, cause=cause)


def test_a_must_is_an_error_and_a_should_a_warning() -> None:
    lines = list(github_annotations(verdict(finding(), finding("POL-4")), CLAUSES))
    assert lines == [
        "::error title=CBK-1 A job%2C any%3A gets one::CBK-1 job_001: expected one, got none",
        "::warning title=POL-4 Progress::POL-4 job_001: expected one, got none",
    ]


def test_text_of_a_miner_is_no_command() -> None:
    """A line that begins with `::` is one; so a finding must stay one line."""
    evil = finding(actual="100 %\n::set-output name=x::y")
    (line,) = github_annotations(verdict(evil), CLAUSES)
    assert "\n" not in line
    assert "100 %25" in line


def test_no_more_annotations_than_are_shown() -> None:
    many = [finding(cause=str(n)) for n in range(30)]
    lines = list(github_annotations(verdict(*many), CLAUSES))
    assert len(lines) == MOST_ANNOTATIONS
    assert lines[-1].endswith("and 21 more causes; see the report")
    exact = [finding(cause=str(n)) for n in range(MOST_ANNOTATIONS)]
    assert "more" not in list(github_annotations(verdict(*exact), CLAUSES))[-1]


def test_the_summary_has_a_row_for_each_cause_and_stays_within_its_limit() -> None:
    told = github_summary(verdict(finding(actual="a | <b>")), CLAUSES, "Report: x")
    assert told.startswith("### asyncproof: FAIL (exit code 1)\n\nReport: x\n")
    assert "| MUST CBK-1 | A job, any: gets one | 1 | a \\| &lt;b> |" in told
    huge = [finding(cause=str(n), actual="ä" * 20_000) for n in range(90)]
    assert len(github_summary(verdict(*huge), CLAUSES, "").encode()) <= MOST_SUMMARY


def test_why_a_run_is_incomplete_is_said() -> None:
    cut = verdict(incomplete="interrupted by SIGTERM")
    assert "::warning title=INCOMPLETE::interrupted by SIGTERM" in list(
        github_annotations(cut, CLAUSES)
    )
    assert "**interrupted by SIGTERM**" in github_summary(cut, CLAUSES, "")


@pytest.mark.parametrize(("clause", "severity"), [("CBK-1", "major"), ("POL-4", "minor")])
def test_gitlab_gets_an_issue_for_each_cause(clause: str, severity: str) -> None:
    found = verdict(finding(clause, "a"), finding(clause, "a"), finding(clause, "b"))
    issues = json.loads(gitlab_code_quality(found, CLAUSES, "reports/r/report.html"))
    assert [issue["severity"] for issue in issues] == [severity] * 2
    assert len({issue["fingerprint"] for issue in issues}) == 2
    assert issues[0]["location"] == {"path": "reports/r/report.html", "lines": {"begin": 1}}
    again = json.loads(gitlab_code_quality(found, CLAUSES, "elsewhere"))
    assert again[0]["fingerprint"] == issues[0]["fingerprint"]
