"""judge() and its outcomes on hand-written checks."""

from collections.abc import Iterator

import pytest

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.verdict import (
    Check,
    Finding,
    Level,
    NotApplicable,
    Outcome,
    Ruling,
    check,
    judge,
)

BROKEN = Finding("CBK-4", "job_1", expected="1 delivery", actual="2", at=12.4)


def ruling(*rulings: Ruling) -> Check[None]:
    @check("CBK-4")
    def made_up(history: None) -> Iterator[Ruling]:
        yield from rulings

    return made_up


@check("CBK-4")
def crashing(history: None) -> Iterator[Ruling]:
    """Judges one thing, then dies."""
    yield None
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("checks", "outcome", "code"),
    [
        ([], Outcome.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
        ([ruling(None)], Outcome.PASS, ExitCode.PASS),
        ([ruling(None, BROKEN)], Outcome.FAIL, ExitCode.FINDINGS),
        ([ruling()], Outcome.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
        ([ruling(None), ruling()], Outcome.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
        ([ruling(NotApplicable("no training"))], Outcome.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
        ([ruling(None), ruling(NotApplicable("none"))], Outcome.PASS, ExitCode.PASS),
        ([crashing], Outcome.INCONCLUSIVE, ExitCode.SUITE_FAULT),
        ([crashing, ruling(BROKEN)], Outcome.FAIL, ExitCode.FINDINGS),
    ],
)
def test_outcome_and_exit_code(checks: list[Check[None]], outcome: Outcome, code: ExitCode) -> None:
    verdict = judge(None, checks)
    assert (verdict.outcome, verdict.exit_code) == (outcome, code)


@pytest.mark.parametrize(
    ("level", "strict", "outcome"),
    [
        (Level.MUST, False, Outcome.FAIL),
        (Level.SHOULD, False, Outcome.PASS),
        (Level.SHOULD, True, Outcome.FAIL),
        (Level.MAY, True, Outcome.PASS),
    ],
)
def test_the_level_of_the_clause_decides(level: Level, strict: bool, outcome: Outcome) -> None:
    verdict = judge(None, [ruling(BROKEN)], levels={"CBK-4": level}, strict=strict)
    assert verdict.outcome is outcome
    assert verdict.findings[0].check == "made_up"


def test_an_incomplete_run_never_passes() -> None:
    verdict = judge(None, [ruling(None)], incomplete="interrupted")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "INCOMPLETE: interrupted" in verdict.explain()


def test_a_finding_says_clause_subject_expected_actual_and_when() -> None:
    assert str(BROKEN) == "CBK-4 job_1: expected 1 delivery, got 2 (at 12.4 s)"
    assert str(BROKEN) in judge(None, [ruling(BROKEN)]).explain()


def test_what_a_target_says_stays_on_one_line_and_moves_no_cursor() -> None:
    hostile = "500\n::error::\x1b[2Jnothing to see\r\u202e"
    told = str(Finding("A-1", "job_1", "200", hostile))
    assert told.isprintable()
    assert told.endswith(r"got 500\n::error::\x1b[2Jnothing to see\r\u202e")
