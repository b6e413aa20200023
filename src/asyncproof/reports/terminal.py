"""A verdict as text, for people: what is wrong, where, why, and what was not tested."""

from collections.abc import Callable, Iterator, Mapping

from asyncproof.harness.contract import Clause
from asyncproof.harness.verdict import Finding, Outcome, Verdict
from asyncproof.reports.grouped import Group, echoes_told, group
from asyncproof.text import counted

NAMED = 12  # clauses; more would be a wall of ids


def lines(
    verdict: Verdict,
    clauses: Mapping[str, Clause] | None = None,
    curl: Callable[[Finding], str] | None = None,
) -> Iterator[str]:
    """The verdict in plain lines: the outcome last, like every test runner does it.

    With ``clauses`` each cause has its rule and the command that says more, with ``curl`` the
    request behind it. Where something is broken, a rule is its title, and only the first cause of a
    broken clause has its request: one defect is one screen, and the page has the rest.
    """
    brief = bool(verdict.failures)
    known = [f for f in verdict.warnings if f.known in verdict.baseline]
    new = [f for f in verdict.warnings if f.known not in verdict.baseline]
    titles = ("FAILURES", verdict.failures, True), ("WARNINGS", new, False), ("KNOWN", known, False)
    for title, findings, failing in titles:
        if findings:
            yield f"{title}:"
            for found in group(findings):
                yield from _told(verdict, found)
                leads = failing and found.is_first_of_its_clause
                if curl and (leads or not brief) and (command := curl(found.example)):
                    yield f"      again: {command}"
                if clauses and found.is_first_of_its_clause and found.clause in clauses:
                    yield from _rule(clauses[found.clause], brief=brief)
    for each in verdict.gone:
        yield f"GONE: {each} is in the baseline and no longer found; update the baseline"
    yield from unjudged(verdict, brief=brief)
    yield from exercised(verdict, brief=brief)
    for title, reason in (
        ("INCOMPLETE", verdict.incomplete),
        ("SETUP FAILED", verdict.unavailable),
        ("A FAULT OF THIS SUITE", verdict.fault),
    ):
        if reason:
            yield f"{title}: {reason.rstrip()}"
    yield f"Verdict: {verdict.outcome}"


def _told(verdict: Verdict, found: Group) -> Iterator[str]:
    yield f"  {verdict.level(found.example)} {found}"
    if found.example.advice:
        yield f"      {found.example.advice}"
    if found.is_first_of_its_clause and (echoes := echoes_told(verdict, found.clause)):
        yield f"      also seen because of this: {echoes}"


def _rule(clause: Clause, *, brief: bool) -> Iterator[str]:
    more = f"asyncproof explain {clause.id}"
    if brief:
        yield f"      rule: {clause.title} ({more})"
        return
    yield f"      rule: {clause.rule}"
    yield f"      more: {more}"


def unjudged(verdict: Verdict, *, brief: bool = False) -> Iterator[str]:
    """Crashes one by one; what there was nothing to judge of, in one line for each such set of
    clauses, or, if ``brief``, in one line for all of them."""
    missed: dict[str, list[str]] = {}
    for result in verdict.results:
        where = result.scenario or "the run"
        if result.crash:
            clauses = ", ".join(result.clauses)
            yield f"CRASHED {clauses} {result.check} in {where} (a fault of this suite):"
            yield from (f"  {line}" for line in result.crash.splitlines())
        elif result.doubts:
            yield from (f"INCONCLUSIVE {where}: {doubt}" for doubt in result.doubts)
        elif result.outcome is Outcome.INCONCLUSIVE:
            missed.setdefault(where, []).extend(result.clauses)
    if brief and len(missed) > 1:
        every = list(dict.fromkeys(clause for kinds in missed.values() for clause in kinds))
        yield f"INCONCLUSIVE {len(missed)} tests: {NOTHING_TO_JUDGE}: {_some(every)}"
        return
    alike: dict[str, list[str]] = {}
    for where, kinds in missed.items():
        alike.setdefault(_some(kinds), []).append(where)
    for named, places in alike.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        yield f"INCONCLUSIVE {places[0]}{more}: {NOTHING_TO_JUDGE}: {named}"


NOTHING_TO_JUDGE = "not judged, since there was nothing of the kind"


def exercised(verdict: Verdict, *, brief: bool = False) -> Iterator[str]:
    """Which clauses were exercised, which could not be and why (if ``brief``, not why, where they
    are several), and which nobody asked about."""
    tested = {c for r in verdict.results if r.judged for c in r.clauses}
    owed_nothing = {c: r.reason for r in verdict.results if r.reason for c in r.clauses}
    excused = sorted(owed_nothing.keys() - tested)
    if brief and len(excused) > 1:
        yield f"NOT APPLICABLE: {_some(excused)} (the report says why)"
    else:
        yield from (f"NOT APPLICABLE {clause}: {owed_nothing[clause]}" for clause in excused)
    unasked = [c for c in verdict.levels if c not in tested and c not in owed_nothing]
    if unasked:
        named = ": " + ", ".join(unasked) if len(unasked) <= NAMED else ""
        told = counted(len(unasked), "clause")
        yield f"{told} of the contract not asked about by these tests{named}"
    failed = {f.clause for f in verdict.failures}
    judged = sum(result.judged for result in verdict.results)
    exercised = counted(len(tested), "clause")
    yield f"{exercised} exercised, {len(failed)} broken, {judged} things judged"


def _some(clauses: list[str]) -> str:
    """The ids, or the first of them and how many more there are."""
    more = len(clauses) - NAMED
    return ", ".join(clauses[:NAMED]) + (f" and {more} more" if more > 0 else "")
