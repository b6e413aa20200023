"""A verdict as systems of continuous integration show it: GitHub and GitLab. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping

from asyncproof.harness.contract import Clause
from asyncproof.harness.verdict import Level, Verdict
from asyncproof.reports.comparison_text import table
from asyncproof.reports.grouped import Group, group

# GitHub shows so many annotations of one kind for a step, and takes so much of a summary:
# docs.github.com, "Workflow commands" and "Usage limits".
MOST_ANNOTATIONS = 10
MOST_SUMMARY = 1024 * 1024  # bytes
MOST_ROWS = 100


def github_annotations(verdict: Verdict, clauses: Mapping[str, Clause]) -> Iterator[str]:
    """Workflow commands, one line each: a cause that fails the run is an error, another a
    warning; the last of ten says how many more there are."""
    for kind, findings in (("error", verdict.failures), ("warning", verdict.warnings)):
        causes = group(findings)
        shown = causes if len(causes) <= MOST_ANNOTATIONS else causes[: MOST_ANNOTATIONS - 1]
        for found in shown:
            title = _property(f"{found.clause} {_title(found, clauses)}".strip())
            yield f"::{kind} title={title}::{_message(str(found))}"
        if more := len(causes) - len(shown):
            yield f"::{kind} title=asyncproof::and {more} more causes; see the report"
    if verdict.incomplete:
        yield f"::warning title=INCOMPLETE::{_message(verdict.incomplete)}"


def github_summary(verdict: Verdict, clauses: Mapping[str, Clause], about: str) -> str:
    """The job summary, in Markdown; ``about`` is a line of its own."""
    causes = group((*verdict.failures, *verdict.warnings))
    lines = [f"### asyncproof: {verdict.outcome} (exit code {int(verdict.exit_code)})", "", about]
    reasons = (
        verdict.incomplete,
        verdict.unavailable,
        "a fault of the suite" * bool(verdict.fault),
    )
    lines += [f"\n**{reason}**" for reason in reasons if reason]
    if causes:
        rows = [
            (
                f"{verdict.level(found.example)} {found.clause}",
                _title(found, clauses),
                str(found.subjects),
                found.example.actual,
            )
            for found in causes[:MOST_ROWS]
        ]
        lines += ["", *table(("clause", "rule", "jobs", "got"), rows)]
    if len(causes) > MOST_ROWS:
        lines.append(f"\nand {len(causes) - MOST_ROWS} more causes")
    text = "\n".join(lines) + "\n"
    return text.encode()[:MOST_SUMMARY].decode(errors="ignore")


def gitlab_code_quality(verdict: Verdict, clauses: Mapping[str, Clause], path: str) -> str:
    """GitLab's code quality report: one issue for each cause. A finding lies in no source file, so
    ``path`` is the report's."""
    issues = [
        {
            "description": f"{found.clause} {_title(found, clauses)}: {found}",
            "check_name": found.clause,
            "fingerprint": hashlib.sha256(f"{found.clause} {found.cause}".encode()).hexdigest(),
            "severity": "major" if verdict.level(found.example) is Level.MUST else "minor",
            "location": {"path": path, "lines": {"begin": 1}},
        }
        for found in group((*verdict.failures, *verdict.warnings))
    ]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _title(found: Group, clauses: Mapping[str, Clause]) -> str:
    return clauses[found.clause].title if found.clause in clauses else ""


def _message(text: str) -> str:
    """As workflow commands want it: no line ends, and no percent sign of their own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
