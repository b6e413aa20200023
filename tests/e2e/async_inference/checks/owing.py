"""When a miner owes nothing under a clause, because it does not do what the clause is about."""

from collections.abc import Iterator

from tests.e2e.async_inference.run_history import RunHistory
from tests.harness.verdict import NotApplicable, Ruling


def unless_absent(history: RunHistory, rulings: Iterator[Ruling], reason: str) -> Iterator[Ruling]:
    """The rulings; where there are none although jobs were accepted, the reason why."""
    judged = False
    for ruling in rulings:
        judged = True
        yield ruling
    if not judged and history.accepted:
        yield NotApplicable(reason)
