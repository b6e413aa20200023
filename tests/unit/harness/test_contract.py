"""Clauses are read from the page; what looks like a clause and is none is refused."""

from pathlib import Path

import pytest

from asyncproof.harness.contract import Clause, ContractError, levels, load, parse
from asyncproof.harness.verdict import Level

PAGE = """# Title

## CBK – the callback

### CBK-4 (MUST) Once

Never again.

### CBK-13 (SHOULD) Short

## Other

text
"""


def test_a_page_becomes_clauses_in_order() -> None:
    clauses = parse(PAGE)
    assert list(clauses) == ["CBK-4", "CBK-13"]
    assert clauses["CBK-4"] == Clause("CBK-4", Level.MUST, "Once", "Never again.", "the callback")
    assert levels(clauses) == {"CBK-4": Level.MUST, "CBK-13": Level.SHOULD}
    assert str(clauses["CBK-4"]) == "CBK-4 (MUST) Once\n\nNever again."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Never again.", "Once. Never again."),
        ("Taken once;\nnever again. And so on.\n\nMore.", "Once. Taken once."),
        ("", "Once."),
    ],
)
def test_a_rule_is_a_title_and_one_whole_sentence(text: str, told: str) -> None:
    assert Clause("CBK-4", Level.MUST, "Once", text).rule == told


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (PAGE + "\n### CBK-4 (MAY) Again\n", "CBK-4 appears twice"),
        ("### CBK-5 Once\n", "not a clause heading"),
        ("### CBK-5 (WOULD) Once\n", "not a clause heading"),
    ],
)
def test_a_broken_page_is_refused(page: str, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        parse(page)


def test_a_missing_page_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="cannot read the contract"):
        load(tmp_path / "nothing.md")
