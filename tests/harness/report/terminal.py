"""A verdict as text, for people: what is wrong, where, why, and what was not tested."""

from collections.abc import Iterator

from tests.harness.report.grouped import Group, group
from tests.harness.verdict import Outcome, Verdict

NAMED = 12  # clauses; more would be a wall of ids


def lines(verdict: Verdict) -> Iterator[str]:
    """The verdict in plain lines: the outcome last, like every test runner does it."""
    known = [f for f in verdict.warnings if f.known in verdict.baseline]
    new = [f for f in verdict.warnings if f.known not in verdict.baseline]
    titles = ("FAILURES", verdict.failures), ("WARNINGS", new), ("KNOWN", known)
    for title, findings in titles:
        if findings:
            yield f"{title}:"
            for found in group(findings):
                yield from _told(verdict, found)
    for each in verdict.gone:
        yield f"GONE: {each} is in the baseline and no longer found; update the baseline"
    yield from _blind(verdict)
    yield from _counts(verdict)
    if verdict.incomplete:
        yield f"INCOMPLETE: {verdict.incomplete}"
    yield f"Verdict: {verdict.outcome}"


def _told(verdict: Verdict, found: Group) -> Iterator[str]:
    yield f"  {verdict.level(found.example)} {found}"
    if found.example.advice:
        yield f"      {found.example.advice}"


def _blind(verdict: Verdict) -> Iterator[str]:
    """Crashes one by one; what there was nothing to judge of, in one line for each scenario."""
    missed: dict[str, list[str]] = {}
    for result in verdict.results:
        where = result.scenario or "the run"
        if result.crash:
            clauses = ", ".join(result.clauses)
            yield f"CRASHED {clauses} {result.check} in {where} (a fault of this suite):"
            yield from (f"  {line}" for line in result.crash.splitlines())
        elif result.outcome is Outcome.INCONCLUSIVE:
            missed.setdefault(where, []).extend(result.clauses)
    for where, kinds in missed.items():
        named = ", ".join(kinds)
        yield f"INCONCLUSIVE {where}: not judged, since there was nothing of the kind: {named}"


def _counts(verdict: Verdict) -> Iterator[str]:
    """Which clauses were exercised, which could not be and why, and which nobody asked about."""
    tested = {c for r in verdict.results if r.judged for c in r.clauses}
    owed_nothing = {c: r.reason for r in verdict.results if r.reason for c in r.clauses}
    for clause in sorted(owed_nothing.keys() - tested):
        yield f"NOT APPLICABLE {clause}: {owed_nothing[clause]}"
    unasked = [c for c in verdict.levels if c not in tested and c not in owed_nothing]
    if unasked:
        named = ": " + ", ".join(unasked) if len(unasked) <= NAMED else ""
        yield f"{_clauses(len(unasked))} of the contract not asked about by these tests{named}"
    failed = {f.clause for f in verdict.failures}
    judged = sum(result.judged for result in verdict.results)
    yield f"{_clauses(len(tested))} exercised, {len(failed)} broken, {judged} things judged"


def _clauses(count: int) -> str:
    return f"{count} clause" + "s" * (count != 1)
