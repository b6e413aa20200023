"""The proof of the suite: each fault is reported by its clauses and by no other, a correct miner by
none, and every clause has a fault that breaks it."""

import importlib.util
from pathlib import Path

import pytest

from asyncproof.checks import ALL
from asyncproof.harness import contract
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.verdict import Level
from reference.catalog import Entry, Families, by_name
from reference.miner.faults import FAULTS
from reference.miner.variations import VARIATIONS
from tests import ROOT
from tests.matrix.miner import ROWS
from tests.matrix.miner.permitted import BY_THE_LETTER, correct
from tests.matrix.miner.row import Row, row
from tests.matrix.miner.runner import reported, reported_by_commands

UNDER_LOAD = ("test_race_conditions.py::test_rapid_concurrent_inference",)
ABOUT_THE_RUN = {"RUN-1"}
LEVELS = contract.levels(contract.load(ROOT / "docs" / "protocol.md"))


def entries(families: Families) -> dict[str, str]:
    """Names and the clauses that they break."""
    return {name: entry.clause for name, entry in by_name(families, Entry).items()}


def name_of(fault: str) -> str:
    return fault.partition(":")[0]


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_a_fault_is_reported_by_exactly_its_clauses(case: Row, tmp_path: Path) -> None:
    if "diffusion" in case.miner and not importlib.util.find_spec("torch"):
        pytest.skip("needs: pip install -r requirements_engine.txt")
    seen = reported(case, tmp_path)
    assert seen.clauses == case.clauses, seen.output
    assert case.echoes <= seen.echoes, seen.output
    broken = any(LEVELS[clause] is Level.MUST for clause in case.clauses | case.echoes)
    assert seen.exit_code == (ExitCode.FINDINGS if broken else ExitCode.PASS), seen.output


@pytest.mark.parametrize("variation", entries(VARIATIONS))
def test_a_permitted_variation_trips_nothing(variation: str, tmp_path: Path) -> None:
    seen = reported(correct(variation), tmp_path)
    letter = BY_THE_LETTER.get(variation, set())
    assert seen.clauses == letter, seen.output
    broken = any(LEVELS[clause] is Level.MUST for clause in letter)
    assert seen.exit_code == (ExitCode.FINDINGS if broken else ExitCode.PASS), seen.output


@pytest.mark.parametrize(("fault", "clauses"), [("", ""), ("bottom-black", "IMG-2")])
def test_the_programs_started_as_a_user_does_report_the_same(
    fault: str, clauses: str, tmp_path: Path
) -> None:
    seen = reported_by_commands(row(fault, clauses, *UNDER_LOAD), tmp_path)
    assert seen.clauses == set(clauses.split()), seen.output
    assert seen.exit_code == (ExitCode.FINDINGS if clauses else ExitCode.PASS), seen.output


def test_a_miner_that_is_exact_in_quiet_may_be_off_by_a_level_or_two_under_load(
    tmp_path: Path,
) -> None:
    """What is computed for several jobs at once is added up in another order."""
    together = ("--variation", "not-repeatable", "--trigger", "race:2", "--job-seconds", "0.5")
    seen = reported(Row("", frozenset(), UNDER_LOAD, miner=together), tmp_path)
    assert seen.clauses == set(), seen.output
    assert "Repeatable to the byte: no" in seen.output


def test_every_fault_has_its_row_with_the_clause_that_it_names() -> None:
    named = {(name_of(f), clause) for case in ROWS for f in case.faults for clause in case.clauses}
    assert set(entries(FAULTS).items()) <= named


def test_faults_that_share_a_row_break_different_clauses() -> None:
    clauses = entries(FAULTS)
    for case in ROWS:
        assert len({clauses[name_of(fault)] for fault in case.faults}) == len(case.faults), case


def test_every_clause_that_is_checked_is_broken_by_some_fault() -> None:
    broken = {clause for case in ROWS for clause in case.clauses}
    checked = {clause for check in ALL for clause in check.clauses}
    assert checked - ABOUT_THE_RUN == broken
