"""The proof of the suite: each fault is reported by its clauses and by no other, a correct miner by
none, and every clause has a fault that breaks it."""

from pathlib import Path

import pytest

from tests.e2e.async_inference.checks import ALL
from tests.harness import contract
from tests.harness.exit_codes import ExitCode
from tests.harness.settings import ROOT
from tests.harness.verdict import Level
from tests.unit.async_inference.matrix import ROWS
from tests.unit.async_inference.matrix.permitted import correct
from tests.unit.async_inference.matrix.row import Row
from tests.unit.async_inference.matrix.runner import listed, reported

UNDER_LOAD = ("test_race_conditions.py::test_rapid_concurrent_inference",)
ABOUT_THE_RUN = {"RUN-1"}
LEVELS = contract.levels(contract.load(ROOT / "docs" / "protocol.md"))


def name_of(fault: str) -> str:
    return fault.partition(":")[0]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_fault_is_reported_by_exactly_its_clauses(row: Row, tmp_path: Path) -> None:
    seen = reported(row, tmp_path)
    assert seen.clauses == row.clauses, seen.output
    broken = any(LEVELS[clause] is Level.MUST for clause in row.clauses)
    assert seen.exit_code == (ExitCode.FINDINGS if broken else ExitCode.PASS), seen.output


@pytest.mark.parametrize("variation", listed("Permitted"))
def test_a_permitted_variation_trips_nothing(variation: str, tmp_path: Path) -> None:
    seen = reported(correct(variation), tmp_path)
    assert seen.clauses == set(), seen.output
    assert seen.exit_code == ExitCode.PASS, seen.output


def test_a_miner_that_is_exact_in_quiet_may_be_off_by_a_level_or_two_under_load(
    tmp_path: Path,
) -> None:
    """What is computed for several jobs at once is added up in another order."""
    together = ("--variation", "not-repeatable", "--trigger", "race:2")
    seen = reported(Row("", frozenset(), UNDER_LOAD, miner=together), tmp_path)
    assert seen.clauses == set(), seen.output
    assert "Repeatable to the byte: no" in seen.output


def test_every_fault_has_its_row_with_the_clause_that_it_names() -> None:
    named = {(name_of(f), clause) for row in ROWS for f in row.faults for clause in row.clauses}
    assert set(listed("Faults").items()) <= named


def test_faults_that_share_a_row_break_different_clauses() -> None:
    clauses = listed("Faults")
    for row in ROWS:
        assert len({clauses[name_of(fault)] for fault in row.faults}) == len(row.faults), row


def test_every_clause_that_is_checked_is_broken_by_some_fault() -> None:
    broken = {clause for row in ROWS for clause in row.clauses}
    checked = {clause for check in ALL for clause in check.clauses}
    assert checked - ABOUT_THE_RUN == broken
