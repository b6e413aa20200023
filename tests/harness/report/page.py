"""A verdict as one HTML page: what broke, what was tested and what was not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tests.harness.contract import Clause
from tests.harness.report.grouped import group
from tests.harness.verdict import CheckResult, Verdict

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """What a run says of one clause: ``state`` is held, broken, not applicable or not tested."""

    clause: Clause
    state: str
    judged: int
    findings: int
    reason: str


def page(
    verdict: Verdict,
    clauses: Mapping[str, Clause],
    *,
    title: str,
    facts: Mapping[str, str],
    body: Markup | None = None,
) -> str:
    """The whole page. ``facts`` stand at its top; ``body`` is the suite's own part, safe HTML."""
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            verdict=verdict,
            title=title,
            facts=facts,
            body=body or "",
            clauses=clauses,
            failures=group(verdict.failures),
            warnings=group(verdict.warnings),
            rows=[_row(clause, verdict) for clause in clauses.values()],
            crashes=[result for result in verdict.results if result.crash],
        )
    )


@cache
def environment(*folders: Path) -> Environment:
    """Templates of these folders and of the harness; everything is escaped, nothing undefined."""
    loader = FileSystemLoader([*folders, TEMPLATES])
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _row(clause: Clause, verdict: Verdict) -> ClauseRow:
    about = [result for result in verdict.results if clause.id in result.clauses]
    judged = sum(result.judged for result in about)
    findings = sum(f.clause == clause.id for result in about for f in result.findings)
    reason = next((result.reason for result in about if result.reason), "")
    return ClauseRow(clause, _state(about, judged, findings), judged, findings, reason)


def _state(about: Iterable[CheckResult], judged: int, findings: int) -> str:
    if findings:
        return "broken"
    if judged:
        return "held"
    return "not applicable" if any(result.reason for result in about) else "not tested"
