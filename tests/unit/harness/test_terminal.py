"""The verdict on the terminal: what broke, what could not be judged and why, and the counts."""

from collections.abc import Iterator
from dataclasses import replace

from asyncproof.harness.verdict import (
    Check,
    CheckResult,
    Finding,
    Level,
    NotApplicable,
    Ruling,
    Verdict,
    check,
    judge,
)
from asyncproof.reports import terminal

LEVELS = {"A-1": Level.MUST, "A-2": Level.SHOULD, "B-1": Level.MUST, "C-1": Level.MAY}


def rule(clause: str, *rulings: Ruling) -> Check[None]:
    @check(clause)
    def made_up(history: None) -> Iterator[Ruling]:
        yield from rulings

    return made_up


def told(*checks: Check[None]) -> list[str]:
    return list(terminal.lines(judge(None, checks, levels=LEVELS)))


def broken(clause: str, job: str = "job_1") -> Finding:
    return Finding(clause, job, "this", "that", 1.0, "look there", "one cause")


def test_one_cause_is_one_line_with_its_advice_and_a_count() -> None:
    lines = told(rule("A-1", *(broken("A-1", f"job_{n}") for n in range(50))))
    assert lines[:3] == [
        "FAILURES:",
        "  MUST A-1 job_0: expected this, got that (at 1.0 s)  [and 49 more like it]",
        "      look there",
    ]
    assert lines[-2:] == ["1 clause exercised, 1 broken, 50 things judged", "Verdict: FAIL"]


def test_a_broken_should_is_a_warning() -> None:
    lines = told(rule("A-2", broken("A-2")), rule("A-1", None))
    assert lines[:2] == ["WARNINGS:", "  SHOULD A-2 job_1: expected this, got that (at 1.0 s)"]
    assert lines[-2:] == ["2 clauses exercised, 0 broken, 2 things judged", "Verdict: PASS"]


def test_a_clause_that_is_not_applicable_is_named_with_the_reason() -> None:
    lines = told(rule("A-1", None), rule("B-1", NotApplicable("there is no training")))
    assert "NOT APPLICABLE B-1: there is no training" in lines


def test_a_clause_that_was_judged_elsewhere_is_applicable() -> None:
    lines = told(rule("B-1", None), rule("B-1", NotApplicable("not in this scenario")))
    assert not [line for line in lines if "NOT APPLICABLE" in line]


def test_clauses_that_nobody_asked_about_are_named_or_counted() -> None:
    assert "2 clauses of the contract not asked about by these tests: A-2, C-1" in told(
        rule("A-1", None), rule("B-1", NotApplicable("none"))
    )
    many = {f"A-{n}": Level.MUST for n in range(40)}
    lines = list(terminal.lines(judge(None, [rule("A-1", None)], levels=many)))
    assert lines[0] == "39 clauses of the contract not asked about by these tests"


def test_what_there_was_nothing_to_judge_of_is_one_line() -> None:
    lines = told(rule("A-1"), rule("B-1"), rule("A-2", None))
    (line,) = [line for line in lines if "INCONCLUSIVE" in line and "Verdict" not in line]
    assert line == (
        "INCONCLUSIVE the run: not judged, since there was nothing of the kind: A-1, B-1"
    )


def test_of_many_clauses_without_anything_to_judge_the_first_are_named() -> None:
    many = CheckResult("check", tuple(f"A-{n}" for n in range(20)), 0)
    (line,) = terminal.unjudged(Verdict((many,), {}))
    assert line.endswith(
        ": A-0, A-1, A-2, A-3, A-4, A-5, A-6, A-7, A-8, A-9, A-10, A-11 and 8 more"
    )


def test_where_something_is_broken_what_was_not_judged_is_told_in_brief() -> None:
    broken_one = CheckResult("broken", ("A-1",), 1, (broken("A-1"),))
    missed = [CheckResult("check", (c,), 0, scenario=f"test_{c}") for c in ("B-1", "B-2")]
    idle = [CheckResult("idle", (f"C-{n}",), 0, reason="there is none") for n in range(5)]
    lines = list(terminal.lines(Verdict((broken_one, *missed, *idle), {})))
    told = [line for line in lines if line.startswith(("INCONCLUSIVE", "NOT APPLICABLE"))]
    assert told == [
        "INCONCLUSIVE 2 tests: not judged, since there was nothing of the kind: B-1, B-2",
        "NOT APPLICABLE: C-0, C-1, C-2, C-3, C-4 (the report says why)",
    ]
    calm = list(terminal.lines(Verdict((*missed, *idle), {})))
    assert "INCONCLUSIVE test_B-1: not judged, since there was nothing of the kind: B-1" in calm
    assert "NOT APPLICABLE C-0: there is none" in calm


def test_what_explains_others_of_its_own_clause_says_how_many() -> None:
    echoes = [replace(broken(c, "job_2"), because="A-1") for c in ("A-1", "A-1", "B-1")]
    result = CheckResult("check", ("A-1",), 4, (broken("A-1"), *echoes))
    assert "      also seen because of this: B-1 ×1, 2 more of A-1" in list(
        terminal.lines(Verdict((result,), {}))
    )


def test_tests_that_miss_the_same_share_a_line() -> None:
    missed = CheckResult("check", ("A-1",), 0)
    results = [replace(missed, scenario=f"test_{n}") for n in range(3)]
    other = replace(missed, clauses=("B-1",), scenario="test_3")
    lines = list(terminal.unjudged(Verdict((*results, other), {})))
    assert [line.partition(":")[0] for line in lines] == [
        "INCONCLUSIVE test_0 and 2 more",
        "INCONCLUSIVE test_3",
    ]
