"""From a record to a verdict, with the levels that docs/worker.md gives to the clauses."""

from functools import cache

from asyncproof import places
from asyncproof.harness import contract
from asyncproof.harness.verdict import Verdict, judge
from asyncproof.worker.checks import ALL
from asyncproof.worker.record import WorkerHistory

PAGE = places.contract("worker")


@cache
def clauses() -> dict[str, contract.Clause]:
    return contract.load(PAGE)


def judged(record: WorkerHistory, *, strict: bool = False) -> Verdict:
    """All checks on a record."""
    return judge(
        record,
        ALL,
        levels=contract.levels(clauses()),
        strict=strict,
        incomplete=record.incomplete,
    )
