"""The timeline is drawn to scale; on the page, what came over the wire is only ever text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.async_inference.checks import ALL
from tests.e2e.async_inference.events import Examined, Polled
from tests.e2e.async_inference.fold import from_events, split
from tests.e2e.async_inference.report_page import report_page
from tests.e2e.async_inference.timeline import LEFT, TICKS, WIDTH, _round_seconds, timeline
from tests.harness.contract import parse
from tests.harness.verdict import judge
from tests.unit.async_inference.histories import good_job, scenario, spoiled

CLAUSES = parse("### POL-1 (MUST) Words\n\ntext\n")


def test_a_job_is_drawn_from_its_submission_to_its_end() -> None:
    drawn = timeline(split(scenario(good_job("job_001")))[1][0])
    (row,) = drawn.rows
    assert [bar.kind for bar in row.bars] == ["queued", "queued", "working", "settling"]
    assert row.bars[0].x == pytest.approx(LEFT)
    assert all(bar.x + bar.width <= WIDTH + 1 for bar in row.bars)
    assert row.deliveries[0][1] is True
    assert drawn.summary.startswith("1 of 1 jobs completed in 1.9 s")


def test_damaged_pictures_are_counted_and_framed() -> None:
    events = spoiled(good_job("job_001"), Examined, defects=("rows: 12 of 64 rows",))
    drawn = timeline(split(scenario(events))[1][0])
    assert "1 with a damaged picture" in drawn.summary
    assert [thumbnail.damaged for thumbnail in drawn.thumbnails] == [True]


@given(st.floats(0.001, 1e6))
def test_ticks_are_round_and_few(length: float) -> None:
    ticks = _round_seconds(length)
    assert 1 <= len(ticks) <= TICKS + 1
    assert ticks[0] == 0
    assert ticks[-1] <= length


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_what_a_miner_says_is_shown_as_text(hostile: str) -> None:
    events = scenario(spoiled(good_job("job_001"), Polled, status=hostile))
    verdict = judge(from_events(events), ALL)
    html = report_page(events, verdict, CLAUSES)
    assert "alert(1)" in html
    assert "<script" not in html
    assert "<img src=x" not in html
