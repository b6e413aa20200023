"""One cause over fifty jobs is one line: findings grouped by what is behind them."""

from collections.abc import Iterable
from dataclasses import dataclass

from asyncproof.harness.verdict import Finding, Verdict
from asyncproof.text import counted


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one clause with one cause; the first stands for all. What a clause explains is
    told with the first group of it."""

    clause: str
    cause: str
    findings: tuple[Finding, ...]
    is_first_of_its_clause: bool = True

    @property
    def example(self) -> Finding:
        return self.findings[0]

    @property
    def subjects(self) -> int:
        """How many jobs (workers, suites) it concerns."""
        return len({finding.subject for finding in self.findings})

    @property
    def counted(self) -> str:
        """How many jobs it concerns, or, where it is about none, how often it was seen."""
        count = self.subjects if self.example.job else len(self.findings)
        noun = "job" if self.example.job else "time"
        return counted(count, noun)

    def __str__(self) -> str:
        also = f"  [and {self.subjects - 1} more like it]" if self.subjects > 1 else ""
        return f"{self.example}{also}"


def group(findings: Iterable[Finding]) -> list[Group]:
    """Groups in the order in which their first finding came."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.clause, finding.cause), []).append(finding)
    seen = set[str]()
    groups = list[Group]()
    for (clause, cause), members in found.items():
        groups.append(Group(clause, cause, tuple(members), clause not in seen))
        seen.add(clause)
    return groups


def echoes_told(verdict: Verdict, clause: str) -> str:
    """What else was broken because of this clause, in one line; empty where nothing was."""
    echoes = verdict.echoes_of(clause)
    own = echoes.pop(clause, 0)
    told = [f"{name} ×{count}" for name, count in sorted(echoes.items())]
    return ", ".join([*told, f"{own} more of {clause}"] if own else told)
