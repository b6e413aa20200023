"""Runs beside each other: what is new, gone, still there; what became slower; what changed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from asyncproof.history.build import build
from asyncproof.history.events import AsyncEvent, Delivered, File
from asyncproof.reports import comparison_text
from asyncproof.reports.comparison import Change, compare
from asyncproof.reports.html.comparison_page import comparison_page
from asyncproof.reports.html.index_page import index_page
from asyncproof.reports.past_run import PastRun, past_run
from asyncproof.reports.run_index import as_data, lines, run_index
from tests.support.histories import good_job, scenario, spoiled

EVIL = "<script>alert(1)</script>|`x`"


def a_run(name: str, *, target: str = "http://miner", **counts: int | None) -> PastRun:
    """A run that judged these clauses (POL_1=0) and found so many findings of each."""
    judged = {clause.replace("_", "-"): n for clause, n in counts.items() if n is not None}
    broken = {clause: n for clause, n in judged.items() if n}
    return PastRun(
        name,
        "FAIL" if broken else "PASS",
        target,
        judged=dict.fromkeys(judged, 9),
        broken=broken,
        examples={clause: f"{clause} in {name} {EVIL}" for clause in broken},
        levels=dict.fromkeys(broken, "MUST"),
    )


@pytest.mark.parametrize(
    ("counts", "change"),
    [
        ((0, 2), Change.NEW),
        ((None, 2), Change.NEW),
        ((3, 2), Change.STILL),
        ((3, 0), Change.GONE),
        ((3, None), Change.UNKNOWN),
        ((0, 1, 0), Change.PASSING),
        ((1, 0, 1), Change.STILL),
    ],
)
def test_what_became_of_a_clause(counts: Sequence[int | None], change: Change) -> None:
    runs = [a_run(f"run {n}", POL_1=count) for n, count in enumerate(counts)]
    (found,) = compare(runs).clauses
    assert (found.change, found.counts) == (change, tuple(counts))


def test_the_worst_comes_first_and_new_findings_make_it_worse() -> None:
    found = compare([a_run("a", POL_1=1, CBK_1=0), a_run("b", POL_1=0, CBK_1=4)])
    assert [each.clause for each in found.clauses] == ["CBK-1", "POL-1"]
    assert found.is_worse
    assert not compare([a_run("a", POL_1=1), a_run("b", POL_1=1)]).is_worse


def verdict(**changes: Any) -> dict[str, Any]:
    return {"outcome": "PASS", "findings": [], "clauses": {}, "target": "reference"} | changes


def jobs(slower: float = 0.0, sha: str = "") -> list[AsyncEvent]:
    """Twenty jobs that took a little longer; with this hash, their pictures are others."""
    done = list[list[AsyncEvent]]()
    for n in range(20):
        job = good_job(f"job_{n:03}", seed=n)
        answer, end = job[1], job[5]
        moved = [job[0], answer, *job[2:5], end, *job[6:]]
        if slower:
            moved[5] = type(end)(**{**_fields(end), "at": end.at + slower + n / 100})
        if sha:
            picture = File(path=f"pictures/{sha}{n}.png", sha256=f"{sha}{n}", size=1)
            moved = [e for e in moved if type(e).__name__ != "Downloaded"]
            moved = spoiled(moved, Delivered, image=picture)
        done.append(moved)
    return scenario(*done)


def _fields(event: AsyncEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def test_times_and_pictures_are_compared_with_the_first_run() -> None:
    first = past_run("a", verdict(), build(jobs()))
    slower = past_run("b", verdict(), build(jobs(slower=1.0, sha="other")))
    same = past_run("c", verdict(), build(jobs()))
    found = compare([first, slower, same])
    work = {each.run: each for each in found.stages if each.stage == "work"}
    assert work["b"].shift is not None
    assert work["b"].shift.is_seen
    assert "s slower (95 % confidence" in comparison_text.shift_told(work["b"])
    assert comparison_text.shift_told(work["c"]).startswith(comparison_text.NOT_SEEN)
    assert {each.run for each in found.pictures} == {"b"}
    assert (len(found.pictures), found.same_pictures) == (20, 20)


def test_a_verdict_says_what_was_judged_and_broken() -> None:
    told = {"clause": "CBK-1", "level": "MUST", "text": "CBK-1 job_001: expected one"}
    run = past_run(
        "a",
        verdict(
            findings=[told, told | {"text": "another"}],
            clauses={"CBK-1": {"judged": 9, "broken": 2}, "POL-1": {"judged": 5, "broken": 0}},
            jobs=7,
            timings={"work": {"p95": 1.5}},
        ),
    )
    assert (run.judged, run.broken) == ({"CBK-1": 9, "POL-1": 5}, {"CBK-1": 2})
    assert run.examples == {"CBK-1": "CBK-1 job_001: expected one"}
    assert (run.jobs, run.percentiles["work"]["p95"]) == (7, 1.5)


def test_text_of_a_miner_stays_text_everywhere() -> None:
    found = compare([a_run("a", POL_1=0), a_run("b", POL_1=1)])
    html = comparison_page(found, [Path("a"), Path("b")], Path())
    assert "<script" not in html
    (cell,) = [line for line in comparison_text.markdown(found) if "alert" in line]
    assert "<script" not in cell
    assert cell.replace("\\|", "").count("|") == 5
    assert json.loads(json.dumps(comparison_text.as_data(found)))["worse"] is True


def test_a_clause_that_breaks_now_and_then_is_flaky_for_its_target_alone() -> None:
    runs = [
        a_run("1", POL_1=0, CBK_1=1),
        a_run("2", POL_1=2, CBK_1=1),
        a_run("3", POL_1=None, CBK_1=1),
        a_run("4", target="http://other", POL_1=0, CBK_1=0),
    ]
    found = run_index(runs)
    assert [(f.clause, f.broken, f.judged) for f in found.flaky] == [("POL-1", 1, 2)]
    assert "FLAKY POL-1: broken in 1 of 2 runs that judged it" in "\n".join(lines(found))


def test_the_index_has_the_latest_run_first_and_links_to_its_report() -> None:
    found = run_index([a_run("20260101-1"), a_run("20260102-1", POL_1=1)])
    html = index_page(found, Path("reports"), Path("reports"))
    assert [run["name"] for run in as_data(found)["runs"]] == ["20260102-1", "20260101-1"]
    assert 'href="./20260102-1/report.html"' in html
    assert html.index("20260102-1</a>") < html.index("20260101-1</a>")


def test_an_index_of_nothing_says_so() -> None:
    assert "No run with a verdict" in index_page(run_index([]), Path(), Path())
