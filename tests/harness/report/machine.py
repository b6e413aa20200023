"""A verdict as JSON, for programs."""

import json
from dataclasses import asdict
from typing import Any

from tests.harness.report.grouped import group
from tests.harness.verdict import Finding, Verdict


def as_json(verdict: Verdict, **run: Any) -> str:
    """The verdict with every finding and every check; ``run`` is added at the top."""
    content = {
        **run,
        "outcome": verdict.outcome,
        "exit_code": int(verdict.exit_code),
        "strict": verdict.strict,
        "incomplete": verdict.incomplete,
        "gone": [str(each) for each in verdict.gone],
        "findings": [_finding(verdict, f) for f in verdict.findings],
        "causes": [
            {
                "clause": g.clause,
                "cause": g.cause,
                "subjects": g.subjects,
                "example": str(g.example),
            }
            for g in group(verdict.findings)
        ],
        "checks": [
            {
                "check": result.check,
                "scenario": result.scenario,
                "clauses": result.clauses,
                "outcome": result.outcome,
                "judged": result.judged,
                "findings": len(result.findings),
                "reason": result.reason,
                "crash": result.crash,
            }
            for result in verdict.results
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _finding(verdict: Verdict, finding: Finding) -> dict[str, Any]:
    fields = {"level": verdict.level(finding), **asdict(finding), "text": str(finding)}
    fields["known"] = finding.known in verdict.baseline or ""
    return {name: value for name, value in fields.items() if value not in ("", None)}
