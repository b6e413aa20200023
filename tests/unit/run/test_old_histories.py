"""Runs that were recorded before the package had its present form are judged as they were then.

Each was recorded against the reference miner with one fault. Its name is that of the fault.
"""

from pathlib import Path

import pytest

from asyncproof import places
from asyncproof.harness import contract
from asyncproof.harness.verdict import Outcome
from asyncproof.run.recheck import rejudge

HISTORIES = Path(__file__).with_name("histories")
LEVELS = contract.levels(contract.load(places.contract("protocol")))
# What was found then: the clause and the job, and for one run also what the first finding explains.
FOUND = {
    "callback-twice": {("CBK-4", "job_001")},
    "crash": {("SCH-2", "job_001")},
    "expiry-ignored": {
        ("EXP-2", "job_002"),
        *(("EXP-3", f"job_{number:03d}") for number in range(11, 15)),
        ("EXP-4", "job_004"),
        ("EXP-5", "job_006"),
    },
    "failure-unexplained": {("POL-12", "job_003")},
    "half-a-status": {("POL-11", "job_001")},
    "hang-42": {("LIV-2", "job_001")},
    "result-404": {("RES-1", "job_001")},
    "secret-in-status": {("SEC-1", "job_001")},
    "wrong-secret": {("CBK-2", "job_001")},
}
EXPLAINED = {"expiry-ignored": FOUND["expiry-ignored"] - {("EXP-2", "job_002")}}


@pytest.mark.parametrize("name", FOUND)
def test_an_old_history_has_the_findings_that_it_had(name: str) -> None:
    verdict = rejudge(HISTORIES / f"{name}.ndjson", LEVELS)
    explained = EXPLAINED.get(name, set())
    assert {(f.clause, f.job) for f in verdict.findings} == FOUND[name] - explained
    assert explained <= {(f.clause, f.job) for f in verdict.echoes}
    assert verdict.outcome is Outcome.FAIL


def test_every_recorded_history_is_judged() -> None:
    assert {path.stem for path in HISTORIES.iterdir()} == set(FOUND)
