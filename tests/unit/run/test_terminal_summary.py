"""What a run says at its end: one defect fits one screen, with its cause, evidence and remedy."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import pytest

from asyncproof import places
from asyncproof.checks import ALL
from asyncproof.facts.delivery_outcome import told as ledger
from asyncproof.harness import contract
from asyncproof.harness.verdict import judge
from asyncproof.history.build import build
from asyncproof.history.events import reader
from asyncproof.run.recheck import rejudge
from asyncproof.run.terminal_summary import judged
from tests.support.histories import good_job, scenario

HISTORIES = Path(__file__).with_name("histories")
CLAUSES = contract.load(places.contract("protocol"))
LEVELS = contract.levels(CLAUSES)
WIDTH, SCREEN = 100, 30  # columns and rows of a terminal
# Lines of the closing block that stand around these: its title, "The tests passed; …", the path of
# the report (two rows where it is long), and pytest's last line.
AROUND = 5
ONE_DEFECT = ["callback-twice", "crash", "hang-42", "result-404", "secret-in-status"]
OBSERVED = ("Callbacks of", "After ", "Repeatable", "Seconds ", "What holds for every job")


def rows(lines: Sequence[str]) -> int:
    """How many rows of a terminal they take."""
    return sum(max(1, ceil(len(line) / WIDTH)) for line in lines)


def starts(lines: Sequence[str], words: Sequence[str]) -> list[str]:
    return [line for line in lines if line.lstrip().startswith(tuple(words))]


@pytest.mark.parametrize("name", ONE_DEFECT)
def test_one_defect_is_one_screen(name: str) -> None:
    path = HISTORIES / f"{name}.ndjson"
    whole, verdict = build(reader.salvage(path).events), rejudge(path, LEVELS)
    lines = list(judged(whole, verdict, CLAUSES))
    (found,) = {each.clause for each in verdict.failures}

    assert rows(lines) + AROUND <= SCREEN, "\n".join(lines)
    clause = CLAUSES[found]
    assert f"      rule: {clause.title} (asyncproof explain {found})" in lines
    assert starts(lines, [f"MUST {found} "])
    assert starts(lines, ["again: curl "])
    assert any(verdict.failures[0].advice in line for line in lines)
    assert starts(lines, OBSERVED) == [ledger(whole)]


def test_a_run_without_failures_says_what_was_observed() -> None:
    whole = build(scenario(*(good_job(f"job_{n:03d}") for n in range(3))))
    lines = list(judged(whole, judge(whole, ALL, levels=LEVELS), CLAUSES))
    assert len(starts(lines, OBSERVED)) > 2
