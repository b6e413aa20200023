"""From a record to a verdict, with the levels that docs/worker.md gives to the clauses."""

from functools import cache
from pathlib import Path

from tests.e2e.worker_isolation.checks import ALL
from tests.e2e.worker_isolation.record import Record
from tests.harness import contract
from tests.harness.verdict import Verdict, judge

PAGE = Path(__file__).resolve().parents[3] / "docs" / "worker.md"


@cache
def clauses() -> dict[str, contract.Clause]:
    return contract.load(PAGE)


def judged(record: Record, *, strict: bool = False) -> Verdict:
    """All checks on a record."""
    return judge(
        record,
        ALL,
        levels=contract.levels(clauses()),
        strict=strict,
        incomplete=record.incomplete,
    )
