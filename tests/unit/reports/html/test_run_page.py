"""The page of a run: what it says, what its scripts get, and that text stays text."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from asyncproof.checks import ALL
from asyncproof.harness.contract import parse
from asyncproof.harness.verdict import CheckResult, Finding, Verdict, judge
from asyncproof.history.build import build
from asyncproof.history.events import AsyncEvent, Examined, Polled, RunStarted, Submitted
from asyncproof.reports.html import page as module
from asyncproof.reports.html.run_data import CHUNK, run_data
from asyncproof.reports.html.run_page import report_page
from tests.support.histories import good_job, scenario, spoiled

CLAUSES = parse(
    "## POL – the polled status\n\n### POL-1 (MUST) Words\n\nExample: `queued`\n\n"
    "### IMG-1 (MUST) Whole\n\ntext\n"
)
START = RunStarted(
    at=0.0,
    run="20260101-1",
    seed=7,
    wall=1767225600.0,
    target="http://miner:8091",
    settings={"ASYNC_STEPS": "12"},
)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)",
]


def verdict_on(events: list[AsyncEvent]) -> Verdict:
    return judge(build(events), ALL, levels={"POL-1": CLAUSES["POL-1"].level})


def rendered(*jobs: list[AsyncEvent], command: str = "") -> str:
    events = [START, *scenario(*jobs)]
    return report_page(events, verdict_on(events), CLAUSES, command=command)


def data(html: str, kind: str) -> list[Any]:
    found = re.findall(rf'<script type="application/json" class="{kind}">(.*?)</script>', html)
    return [json.loads(text) for text in found]


def test_what_only_the_terminal_said_stands_on_the_page() -> None:
    html = rendered(good_job(), command="asyncproof run --miner http://miner:8091")
    assert "asyncproof run --miner http://miner:8091" in re.sub("</?span[^>]*>", "", html)
    for told in (
        "http://miner:8091",
        "2026-01-01 00:00:00 UTC",
        "ASYNC_STEPS",
        "Callbacks of 1 job: 1 once",
        "not judged, since there was nothing of the kind",
        "exit code",
        "jobs completed",
    ):
        assert told in html


def test_a_clause_says_whether_it_was_judged_and_opens_to_its_reason() -> None:
    html = rendered(spoiled(good_job(), Polled, status="running"))
    clause = html.partition('id="POL-1"')[2].partition("</details>")[0]
    assert "broken (1)" in clause
    assert "<b>Example:</b> <code>queued</code>" in clause
    assert "POL <small>the polled status</small>" in html


def test_a_clause_that_was_not_judged_says_why() -> None:
    events = [START, *scenario(good_job())]
    clauses = parse(
        "".join(f"### {name} (MUST) Title\n\ntext\n\n" for name in ("X-1", "IMG-1", "CBK-28"))
    )
    html = report_page(events, verdict_on(events), clauses)
    assert "not tested: no test of this run asks<" in html
    assert "not applicable: no callback has a link of its own<" in html
    assert "held, judged" in html


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_a_miner_says_is_shown_as_text(hostile: str) -> None:
    job = spoiled(good_job(), Polled, status=hostile, job_id=hostile)
    html = rendered(spoiled(job, Submitted, request={"prompt": hostile}))
    assert hostile in json.dumps(data(html, "chunk")).encode().decode("unicode_escape")
    assert html.count("<script") == 3
    assert "<img src=x" not in html
    assert "<script>alert" not in html


def test_only_our_script_may_run() -> None:
    html = rendered(good_job())
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html


def test_no_script_parses_html() -> None:
    ways = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "</script")
    for file in Path(module.__file__).with_name("static").glob("*.js"):
        assert not [way for way in ways if way in file.read_text()]


def test_jobs_are_rows_and_their_stories_lie_in_chunks() -> None:
    jobs = [good_job(f"job_{n:03}", at=n * 0.01) for n in range(CHUNK + 1)]
    html = rendered(*jobs)
    (index,) = data(html, "index")
    first, second = data(html, "chunk")
    assert len(index["jobs"]) == CHUNK + 1
    assert (len(first), len(second)) == (CHUNK, 1)


def test_a_row_says_the_worst_that_was_found_of_its_job() -> None:
    bad, good = spoiled(good_job("job_001"), Polled, status="running"), good_job("job_002")
    events = [START, *scenario(bad, good)]
    rows = {row["name"]: row for row in run_data(events, verdict_on(events)).index["jobs"]}
    assert rows["job_001"]["tone"] == "failed"
    assert "POL-1" in rows["job_001"]["clauses"]
    assert (rows["job_002"]["tone"], rows["job_002"]["clauses"]) == ("passed", [])


def test_a_damaged_picture_is_marked_beside_its_reason() -> None:
    job = spoiled(good_job("job_001"), Examined, defects=("rows: 12 of 64 rows",))
    events = [START, *scenario(job)]
    found = run_data(events, verdict_on(events))
    assert found.index["jobs"][0]["damaged"] is True
    assert "1 with a damaged picture" in found.index["scenarios"][0]["told"]
    (picture,) = found.chunks[0]["job_001"]["pictures"]
    assert (picture["damage"], picture["source"]) == ("rows: 12 of 64 rows", "callback, result")


def test_what_a_cause_explains_is_linked_and_named() -> None:
    echo = Finding("IMG-1", "job_001 (an id)", "whole", "none", because="POL-1")
    cause = Finding("POL-1", "job_001 (an id)", "queued", "running")
    result = CheckResult("check", ("POL-1", "IMG-1"), 2, (cause, echo))
    html = report_page([START, *scenario(good_job())], Verdict((result,)), CLAUSES)
    assert '<a href="#IMG-1">IMG-1</a> Whole ×1' in html
    assert "more of IMG-1" not in html


def test_what_was_not_found_has_no_colour_of_alarm() -> None:
    assert "<span>0 broken</span>" in rendered(good_job())
    assert '<span class="bad">1 broken</span>' in rendered(
        spoiled(good_job(), Polled, status="running")
    )


def test_a_run_that_failed_is_no_pass_for_what_it_found() -> None:
    """What it did not judge is said below, and is not the reason."""
    bad = rendered(spoiled(good_job(), Polled, status="running"))
    assert "What was not judged" in bad
    assert "Why this is not a pass" not in bad
    assert "Why this is not a pass" in rendered(good_job())


def test_more_findings_of_the_clause_that_leads_are_counted_and_not_named_again() -> None:
    cause = Finding("POL-1", "job_001 (an id)", "queued", "running")
    more = Finding("POL-1", "job_002 (an id)", "queued", "running", because="POL-1")
    result = CheckResult("check", ("POL-1",), 2, (cause, more))
    html = report_page([START, *scenario(good_job())], Verdict((result,)), CLAUSES)
    assert "<li>1 more of POL-1</li>" in html
    assert "Words ×1" not in html


def test_each_word_of_a_command_stays_whole_where_lines_break() -> None:
    html = rendered(good_job(), command="asyncproof run --miner http://miner:8091")
    assert '<span class="word">run</span> <span class="word">--miner</span> ' in html


def test_jobs_in_flight_are_counted_alike_everywhere() -> None:
    """By when the jobs ended by their own account, not by when a poll saw it."""
    html = rendered(good_job("job_001"), good_job("job_002", at=1.2))
    assert set(re.findall(r"(?:at most|up to) \d+ in flight", html)) == {
        "at most 1 in flight",
        "up to 1 in flight",
    }
