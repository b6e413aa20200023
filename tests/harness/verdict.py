"""From a history to a verdict: checks yield what they judged, ``judge`` folds it.

A check is a generator function over a history. It yields one ruling for each thing it judged:
``None`` where the clause held and a :class:`Finding` where it did not. Yielding nothing means that
there was nothing to judge, and no evidence is never a pass: such a check is *inconclusive*, unless
it yields :class:`NotApplicable` with the reason why the target owes nothing here.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, TypeVar

from tests.harness.exit_codes import ExitCode

H_contra = TypeVar("H_contra", contravariant=True)


class Level(StrEnum):
    """Requirement words of RFC 2119: a broken MUST fails a run, a broken SHOULD warns."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Outcome(StrEnum):
    """How one check, or a whole run, ended."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_APPLICABLE = "NOT APPLICABLE"


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """A finding that is known before the run: its clause and the check that reports it."""

    clause: str
    check: str

    def __str__(self) -> str:
        return f"{self.clause} ({self.check})"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken clause, told so that a person knows what to do about it.

    ``subject`` is the job, worker or suite that broke it; ``at`` is in seconds since the start of
    the run; ``advice`` says what to look at in the target; ``cause`` groups findings that share one
    reason (one cause over 50 jobs is shown as one line) and defaults to the clause.
    """

    clause: str
    subject: str
    expected: str
    actual: str
    at: float | None = None
    advice: str = ""
    cause: str = ""
    check: str = ""

    @property
    def known(self) -> Known:
        """What a baseline knows it by."""
        return Known(self.clause, self.check)

    def __str__(self) -> str:
        """One line, whatever the target said: nothing in it can move a terminal's cursor."""
        when = "" if self.at is None else f" (at {self.at:.1f} s)"
        told = f"{self.clause} {self.subject}: expected {self.expected}, got {self.actual}{when}"
        return "".join(map(_printable, told))


def _printable(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The target owes nothing under this check (for example: it offers no training)."""

    reason: str


Ruling = Finding | NotApplicable | None
Rule = Callable[[H_contra], Iterator[Ruling]]


@dataclass(frozen=True, slots=True)
class Check(Generic[H_contra]):
    """A named pure function from a history to rulings, and the clauses that it may report."""

    name: str
    clauses: tuple[str, ...]
    rule: Rule[H_contra]

    def __call__(self, history: H_contra) -> "CheckResult":
        """Apply the rule. A rule that crashes is inconclusive, never a pass."""
        judged, findings, reason, crash = 0, list[Finding](), "", ""
        try:
            for ruling in self.rule(history):
                if isinstance(ruling, NotApplicable):
                    reason = ruling.reason
                    continue
                judged += 1
                if ruling is not None:
                    findings.append(replace(ruling, check=self.name))
        except Exception:  # a broken check must not hide what the other checks found
            crash = traceback.format_exc()
        return CheckResult(self.name, self.clauses, judged, tuple(findings), reason, crash)


def check(*clauses: str) -> Callable[[Rule[H_contra]], Check[H_contra]]:
    """Turn a rule into a :class:`Check` that reports ``clauses``, named after the function."""

    def decorate(rule: Rule[H_contra]) -> Check[H_contra]:
        return Check(rule.__name__, clauses, rule)

    return decorate


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check saw: how many things it judged, and which of them broke a clause."""

    check: str
    clauses: tuple[str, ...]
    judged: int
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    crash: str = ""
    scenario: str = ""

    @property
    def outcome(self) -> Outcome:
        if self.findings:
            return Outcome.FAIL
        if self.crash:
            return Outcome.INCONCLUSIVE
        if self.judged:
            return Outcome.PASS
        return Outcome.NOT_APPLICABLE if self.reason else Outcome.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Verdict:
    """The results of all checks on one history, with the level of each clause.

    A finding under a clause that ``levels`` does not know counts as a MUST. ``incomplete`` says why
    the run itself ended early (interrupted, target lost); then a pass is not to be had. Findings in
    ``baseline`` are known: they do not fail the run, but their absence does.
    """

    results: tuple[CheckResult, ...] = field(repr=False)
    levels: Mapping[str, Level] = field(default_factory=dict, repr=False)
    strict: bool = False
    incomplete: str = ""
    baseline: frozenset[Known] = frozenset()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, whatever its level."""
        return tuple(f for result in self.results for f in result.findings)

    def level(self, finding: Finding) -> Level:
        return self.levels.get(finding.clause, Level.MUST)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Findings that fail the run."""
        failing = {Level.MUST, Level.SHOULD} if self.strict else {Level.MUST}
        return tuple(
            f for f in self.findings if self.level(f) in failing and f.known not in self.baseline
        )

    @property
    def gone(self) -> tuple[Known, ...]:
        """Known findings whose check judged something and no longer reports them."""
        judged = {result.check for result in self.results if result.judged}
        seen = {finding.known for finding in self.findings}
        return tuple(sorted(k for k in self.baseline - seen if k.check in judged))

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that are told but do not fail the run."""
        failures = set(self.failures)
        return tuple(f for f in self.findings if f not in failures)

    @property
    def outcome(self) -> Outcome:
        if self.failures or self.gone:
            return Outcome.FAIL
        outcomes = {result.outcome for result in self.results}
        unsure = self.incomplete or Outcome.INCONCLUSIVE in outcomes
        if unsure or not outcomes - {Outcome.NOT_APPLICABLE}:
            return Outcome.INCONCLUSIVE
        return Outcome.PASS

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASS

    @property
    def exit_code(self) -> ExitCode:
        if self.failures or self.gone:
            return ExitCode.FINDINGS
        if any(result.crash for result in self.results):
            return ExitCode.SUITE_FAULT
        return ExitCode.PASS if self.passed else ExitCode.INCONCLUSIVE

    def explain(self) -> str:
        """The outcome and every reason for it, one line each, for an assertion message."""
        from_findings = [f"  {self.level(f)} {f}" for f in (*self.failures, *self.warnings)]
        unsure = [r for r in self.results if r.outcome is Outcome.INCONCLUSIVE]
        crashes = [line for r in unsure if r.crash for line in r.crash.rstrip().splitlines()]
        blind = [f"  {r.check}: {'crashed' if r.crash else 'nothing to judge'}" for r in unsure]
        early = [f"  INCOMPLETE: {self.incomplete}"] if self.incomplete else []
        return "\n".join([str(self.outcome), *early, *from_findings, *blind, *crashes])


def judge(
    history: H_contra,
    checks: Iterable[Check[H_contra]],
    *,
    levels: Mapping[str, Level] | None = None,
    strict: bool = False,
    incomplete: str = "",
    scenario: str = "",
) -> Verdict:
    """Apply every check to the history. Pure: the same history gives the same verdict.

    ``scenario`` names what the history is of, so that results of several can stand side by side.
    """
    results = tuple(replace(c(history), scenario=scenario) for c in checks)
    return Verdict(results, levels or {}, strict, incomplete)
