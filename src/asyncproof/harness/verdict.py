"""From a history to a verdict: checks yield rulings, ``judge`` combines them.

A check is a generator function over a history. It yields one ruling for each thing it judged:
``None`` where the clause held and a :class:`Finding` where it did not. Yielding nothing means that
there was nothing to judge, and missing evidence is never a pass: such a check is *inconclusive*,
unless it yields :class:`NotApplicable` with the reason why it does not apply to the target.
"""

import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Generic, TypeVar

from asyncproof.harness.exit_codes import ExitCode

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
    """One broken clause, described so that a person knows what to do about it.

    ``subject`` is the job, worker or suite that broke it; ``at`` is in seconds since the start of
    the run; ``advice`` says what to look at in the target; ``cause`` groups findings that share one
    reason (one cause over 50 jobs is shown as one line) and defaults to the clause. ``job`` is the
    name of the job that it is about, if it is about one; ``because`` the clause of the finding that
    explains this one: then this is an echo, and nobody has to act on it.
    """

    clause: str
    subject: str
    expected: str
    actual: str
    at: float | None = None
    advice: str = ""
    cause: str = ""
    check: str = ""
    job: str = ""
    because: str = ""

    @property
    def known(self) -> Known:
        """Its identity in a baseline."""
        return Known(self.clause, self.check)

    def __str__(self) -> str:
        """One line without control characters, whatever the target sent."""
        when = "" if self.at is None else f" (at {self.at:.1f} s)"
        told = f"{self.clause} {self.subject}: expected {self.expected}, got {self.actual}{when}"
        return "".join(map(_printable, told))


def _printable(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The check does not apply to the target (for example: it offers no training)."""

    reason: str


Ruling = Finding | NotApplicable | None
Rule = Callable[[H_contra], Iterator[Ruling]]


@dataclass(frozen=True, slots=True)
class Check(Generic[H_contra]):
    """A named pure function from a history to rulings, and the clauses that it may report.

    ``every_job``: it holds for every job of a run, whichever test sent it, less what was provoked.
    """

    name: str
    clauses: tuple[str, ...]
    rule: Rule[H_contra]
    every_job: bool = False

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


def check(*clauses: str, every_job: bool = False) -> Callable[[Rule[H_contra]], Check[H_contra]]:
    """Turn a rule into a :class:`Check` that reports ``clauses``, named after the function."""

    def decorate(rule: Rule[H_contra]) -> Check[H_contra]:
        return Check(rule.__name__, clauses, rule, every_job)

    return decorate


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check: how many things it judged, and which of them broke a clause.

    ``doubts`` are what it would have reported on better evidence, and why the evidence is too weak.
    """

    check: str
    clauses: tuple[str, ...]
    judged: int
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    crash: str = ""
    scenario: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        if self.findings:
            return Outcome.FAIL
        if self.crash or self.doubts:
            return Outcome.INCONCLUSIVE
        if self.judged:
            return Outcome.PASS
        return Outcome.NOT_APPLICABLE if self.reason else Outcome.INCONCLUSIVE


@dataclass(frozen=True)
class Verdict:
    """The results of all checks on one history, with the level of each clause.

    A finding under a clause that ``levels`` does not know counts as a MUST. ``incomplete`` says why
    the run itself ended early (interrupted, target lost), ``unavailable`` why it could not go on at
    all (no target, a full disk), ``fault`` where this suite itself failed; then there is no pass.
    Findings in ``baseline`` are known: they do not fail the run, but their absence does.
    ``priority`` are the clauses in the order in which a maintainer would mend them.
    """

    results: tuple[CheckResult, ...] = field(repr=False)
    levels: Mapping[str, Level] = field(default_factory=dict, repr=False)
    strict: bool = False
    incomplete: str = ""
    baseline: frozenset[Known] = frozenset()
    unavailable: str = ""
    fault: str = ""
    priority: tuple[str, ...] = ()

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding that stands for itself, of any level; the first to mend comes first."""
        found = (f for result in self.results for f in result.findings if not f.because)
        return tuple(sorted(found, key=self._urgency))

    @cached_property
    def echoes(self) -> tuple[Finding, ...]:
        """Findings that another one explains."""
        return tuple(f for result in self.results for f in result.findings if f.because)

    def echoes_of(self, clause: str) -> dict[str, int]:
        """How often which clause was broken because of this one."""
        return dict(self._echoes.get(clause, {}))

    @cached_property
    def _echoes(self) -> dict[str, Counter[str]]:
        counts = defaultdict[str, Counter[str]](Counter)
        for echo in self.echoes:
            counts[echo.because][echo.clause] += 1
        return counts

    def level(self, finding: Finding) -> Level:
        """Of its clause, or of what it explains, where that is worse."""
        echoes = () if finding.because else self._echoes.get(finding.clause, ())
        levels = {self.levels.get(clause, Level.MUST) for clause in (finding.clause, *echoes)}
        return next(level for level in Level if level in levels)

    def _urgency(self, finding: Finding) -> tuple[bool, int]:
        rank = self.priority.index(finding.clause) if finding.clause in self.priority else None
        opinion = self.level(finding) is not Level.MUST
        return opinion, len(self.priority) if rank is None else rank

    @cached_property
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
        seen = {finding.known for finding in (*self.findings, *self.echoes)}
        return tuple(sorted(k for k in self.baseline - seen if k.check in judged))

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that are reported but do not fail the run."""
        failures = set(self.failures)
        return tuple(f for f in self.findings if f not in failures)

    @property
    def outcome(self) -> Outcome:
        if self.failures or self.gone:
            return Outcome.FAIL
        outcomes = {result.outcome for result in self.results}
        cut = self.incomplete or self.unavailable or self.fault
        unsure = cut or Outcome.INCONCLUSIVE in outcomes
        if unsure or not outcomes - {Outcome.NOT_APPLICABLE}:
            return Outcome.INCONCLUSIVE
        return Outcome.PASS

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASS

    @property
    def exit_code(self) -> ExitCode:
        """What the process ends with: every report of this verdict says the same.

        Findings come first: they are true whatever became of the rest of the run.
        """
        if self.failures or self.gone:
            return ExitCode.FINDINGS
        if self.unavailable:
            return ExitCode.SETUP_FAILED
        if self.fault or any(result.crash for result in self.results):
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

    ``scenario`` names the scenario of the history, so that results of several can be combined.
    """
    results = tuple(replace(c(history), scenario=scenario) for c in checks)
    return Verdict(results, levels or {}, strict, incomplete)
