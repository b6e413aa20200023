"""Which findings are valid although lines of the history are missing. Pure."""

from dataclasses import replace

from asyncproof.harness.verdict import Verdict


def without_doubtful(verdict: Verdict, before: Verdict, problem: str) -> Verdict:
    """``verdict`` without the findings that are not in ``before``, the verdict on the events before
    the first missing line: the missing lines could explain them. They are named, but not
    counted."""
    sure = {(finding.clause, finding.subject) for finding in before.findings}
    doubtful = [f for f in verdict.findings if (f.clause, f.subject) not in sure]
    results = tuple(
        replace(r, findings=tuple(f for f in r.findings if (f.clause, f.subject) in sure))
        for r in verdict.results
    )
    told = [f"not counted, because missing lines could explain it: {f}" for f in doubtful[:5]]
    told += [f"and {len(doubtful) - 5} more like these"] if len(doubtful) > 5 else []
    incomplete = "; ".join(filter(None, (problem, *told, verdict.incomplete)))
    return replace(verdict, results=results, incomplete=incomplete)
