"""A known finding does not fail a run, a new one does, and one that is gone does too."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from asyncproof.harness import baseline
from asyncproof.harness.baseline import BaselineError
from asyncproof.harness.verdict import Finding, Known, Outcome, Ruling, check, judge
from asyncproof.reports import terminal

TWICE = Finding("CBK-4", "job_1", "1 delivery", "2")
LOST = Finding("CBK-1", "job_2", "a callback", "none")


@check("CBK-4")
def once(history: list[Finding]) -> Iterator[Ruling]:
    yield next((f for f in history if f.clause == "CBK-4"), None)


@check("CBK-1")
def arrives(history: list[Finding]) -> Iterator[Ruling]:
    yield next((f for f in history if f.clause == "CBK-1"), None)


@pytest.mark.parametrize(
    ("found", "known", "outcome", "told"),
    [
        ([], [], Outcome.PASS, ""),
        ([TWICE], [], Outcome.FAIL, "FAILURES:"),
        ([TWICE], [Known("CBK-4", "once")], Outcome.PASS, "KNOWN:"),
        ([TWICE, LOST], [Known("CBK-4", "once")], Outcome.FAIL, "CBK-1 job_2"),
        ([], [Known("CBK-4", "once")], Outcome.FAIL, "GONE: CBK-4 (once)"),
        ([], [Known("CBK-4", "not_run")], Outcome.PASS, ""),
    ],
)
def test_what_a_baseline_makes_of_a_run(
    found: list[Finding], known: list[Known], outcome: Outcome, told: str
) -> None:
    verdict = replace(judge(found, [once, arrives]), baseline=frozenset(known))
    assert verdict.outcome is outcome
    assert told in "\n".join(terminal.lines(verdict))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    baseline.write(path, judge([TWICE, TWICE, LOST], [once, arrives]).findings)
    assert baseline.read(path) == {Known("CBK-4", "once"), Known("CBK-1", "arrives")}


@pytest.mark.parametrize("text", ["", "[]", '{"known": [{"clause": "CBK-4"}]}', '{"known": 3}'])
def test_a_file_that_is_no_baseline_is_refused_with_the_form(tmp_path: Path, text: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(text)
    with pytest.raises(BaselineError, match=r"known.json is not a baseline; expected \{"):
        baseline.read(path)


def test_a_missing_file_is_named_with_the_flag_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="--update-baseline"):
        baseline.read(tmp_path / "nothing.json")
