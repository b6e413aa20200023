"""One worker alone: each check of docs/worker.md as a test on the record of one run."""

import pytest

from asyncproof.harness.contract import levels
from asyncproof.harness.verdict import Check, Outcome, judge
from asyncproof.worker.checks import ALL
from asyncproof.worker.judging import clauses
from asyncproof.worker.record import WorkerHistory


@pytest.mark.parametrize("check", ALL, ids=lambda check: f"{check.clauses[0]}-{check.name}")
def test_the_worker_keeps_its_contract(record: WorkerHistory, check: Check[WorkerHistory]) -> None:
    """The clause holds, by evidence; where nothing is owed under it, the skip says why."""
    verdict = judge(record, [check], levels=levels(clauses()), incomplete=record.incomplete)

    result = verdict.results[0]
    if result.outcome is Outcome.NOT_APPLICABLE:
        pytest.skip(result.reason)
    assert verdict.passed, verdict.explain()
