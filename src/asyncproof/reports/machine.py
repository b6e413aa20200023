"""A verdict as JSON, for programs."""

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from asyncproof.harness.verdict import Finding, Verdict
from asyncproof.reports.grouped import group


def as_json(verdict: Verdict, **run: Any) -> str:
    """The verdict with every finding and every check; ``run`` is added at the top."""
    content = {
        **run,
        "outcome": verdict.outcome,
        "exit_code": int(verdict.exit_code),
        "strict": verdict.strict,
        "incomplete": verdict.incomplete,
        "setup_failed": verdict.unavailable,
        "suite_fault": verdict.fault,
        "gone": [str(each) for each in verdict.gone],
        "findings": [_finding(verdict, f) for f in verdict.findings],
        "echoes": [_finding(verdict, f) for f in verdict.echoes],
        "causes": [
            {
                "clause": g.clause,
                "cause": g.cause,
                "subjects": g.subjects,
                "example": str(g.example),
                "echoes": verdict.echoes_of(g.clause) if g.is_first_of_its_clause else {},
            }
            for g in group(verdict.findings)
        ],
        "clauses": {
            clause: {"judged": judged, "broken": broken}
            for clause, (judged, broken) in _by_clause(verdict).items()
        },
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
                "doubts": result.doubts,
            }
            for result in verdict.results
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _by_clause(verdict: Verdict) -> dict[str, tuple[int, int]]:
    """How many things each clause was judged on, and how many of them broke it."""
    judged = Counter[str]()
    for result in verdict.results:
        judged.update(dict.fromkeys(result.clauses, result.judged))
    broken = Counter(f.clause for f in (*verdict.findings, *verdict.echoes))
    return {clause: (judged[clause], broken[clause]) for clause in sorted(judged)}


def _finding(verdict: Verdict, finding: Finding) -> dict[str, Any]:
    fields = {"level": verdict.level(finding), **asdict(finding), "text": str(finding)}
    fields["known"] = finding.known in verdict.baseline or ""
    return {name: value for name, value in fields.items() if value not in ("", None)}
