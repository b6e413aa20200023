"""What a small budget leaves out."""

from math import inf

import pytest

from asyncproof.run.budget import BudgetError, Rehearsed, RunBudget, affordable, by_worth
from asyncproof.run.plan import plan
from asyncproof.run.plan_report import PicturePace, cost, pixel_steps, planned, seconds
from asyncproof.run.seats import Wish
from asyncproof.settings import Settings
from asyncproof.workload.scenario import Job, a_job, burst, one_after_another
from asyncproof.workload.special_cases import to_fail
from benchmarks.run_cost import COST

SMALL = (512, 512)


def rehearsed(name: str, jobs: int, clauses: int, family: str, first: int = 1) -> Rehearsed:
    scenario = burst([a_job(first + n) for n in range(jobs)])
    judged = frozenset(f"{family}-{n}" for n in range(clauses))
    return Rehearsed(name, (Wish(name, scenario),), judged, frozenset({family}))


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("10m", RunBudget(seconds=600.0)),
        ("90s", RunBudget(seconds=90.0)),
        ("1.5h", RunBudget(seconds=5400.0)),
        ("60jobs", RunBudget(pictures=60.0)),
        ("1 job", RunBudget(pictures=1.0)),
    ],
)
def test_a_budget_is_a_time_or_a_number(text: str, budget: RunBudget) -> None:
    assert RunBudget.parse(text) == budget


@pytest.mark.parametrize("text", ["", "10", "jobs", "-3m", "0jobs", "10 minutes", "1e3s"])
def test_another_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BudgetError, match="10m or 60jobs"):
        RunBudget.parse(text)


def test_each_family_comes_first_then_what_is_worth_most() -> None:
    tests = [
        rehearsed("dear", 10, 10, "CBK"),
        rehearsed("cheap", 1, 5, "CBK"),
        rehearsed("other", 10, 1, "IMG"),
    ]
    assert [each.test for each in by_worth(tests)] == ["cheap", "other", "dear"]


def test_what_shares_jobs_costs_nothing_more() -> None:
    tests = [
        rehearsed("one", 4, 4, "CBK"),
        rehearsed("same", 4, 1, "SUB"),
        rehearsed("others", 4, 3, "IMG", first=100),
    ]
    assert [each.test for each in affordable(tests, RunBudget(pictures=5))] == ["one", "same"]
    assert len(affordable(tests, RunBudget(pictures=inf))) == 3


def test_the_cost_is_in_pictures_of_the_settings() -> None:
    brief = a_job(1, small=True, brief=True)
    jobs = [a_job(2), a_job(3, steps=40), brief]
    assert pixel_steps(jobs, Settings(), SMALL) == pytest.approx(1 + 2 + 0.25 * 4 / 20)
    assert pixel_steps([brief], Settings(), (1024, 1024)) == pytest.approx(0.2)


def test_what_is_sent_at_once_is_shared_by_the_engines() -> None:
    jobs = [a_job(n) for n in range(4)]
    both = plan([Wish("a", burst(jobs)), Wish("b", one_after_another(jobs))])
    assert seconds(both, Settings(), SMALL, PicturePace(5.0, 2)) == pytest.approx(4 * 5 / 2 + 4 * 5)
    assert seconds(both, Settings(), SMALL, PicturePace(5.0, 0)) == pytest.approx(40.0)


def test_the_plan_names_jobs_shape_tests_and_what_is_left_out() -> None:
    made = plan([Wish("test_a", burst([a_job(1), a_job(2)])), Wish("test_b", burst([a_job(1)]))])
    lines = planned(made, Settings(), SMALL, ["test_c"])
    assert lines[0].split() == ["2", "pictures,", "all", "at", "once:", "test_a,", "test_b"]
    assert lines[1] == "left out by --budget: test_c"
    assert lines[2] == cost(made, Settings(), SMALL)
    assert lines[2].startswith("at most 2 pictures in 1 scenario, as")
    assert "0 s at 0.3 s, 5 s at 5 s, 20 s at 20 s" in lines[3]


@pytest.mark.parametrize(
    "jobs", [[a_job(1)], [a_job(1), a_job(2)], [a_job(1), to_fail(a_job(9))]], ids=len
)
def test_the_benchmark_of_the_cost_reads_what_the_plan_says(jobs: list[Job]) -> None:
    made = plan([Wish("a", burst(jobs))])
    found = COST.search(cost(made, Settings(), SMALL))
    assert found is not None
    assert found[1] == str(made.pictures)
