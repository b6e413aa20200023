"""One cause over fifty jobs is one line: findings folded by what is behind them."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.harness.verdict import Finding


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one clause with one cause; the first stands for all."""

    clause: str
    cause: str
    findings: tuple[Finding, ...]

    @property
    def example(self) -> Finding:
        return self.findings[0]

    @property
    def subjects(self) -> int:
        """How many jobs (workers, suites) it concerns."""
        return len({finding.subject for finding in self.findings})

    def __str__(self) -> str:
        also = f"  [and {self.subjects - 1} more like it]" if self.subjects > 1 else ""
        return f"{self.example}{also}"


def group(findings: Iterable[Finding]) -> list[Group]:
    """Groups in the order in which their first finding came."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.clause, finding.cause), []).append(finding)
    return [Group(clause, cause, tuple(members)) for (clause, cause), members in found.items()]
