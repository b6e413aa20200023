"""How long each stage took, from hand-written histories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.facts.timings import StageTimes, lines, stage_times
from asyncproof.history.events import Answered
from asyncproof.history.history import History
from tests.support.histories import a_history, good_job, spoiled


def test_each_stage_of_a_job_has_its_seconds() -> None:
    times = {stage.name: stage.seconds for stage in stage_times(a_history(good_job()))}
    assert times["accept"] == pytest.approx((0.1,))
    assert times["queue"] == pytest.approx((0.6,))
    assert times["work"] == pytest.approx((1.0,))
    assert times["callback"] == (0.0,)  # it came before the poll that showed the end


def test_a_refused_job_counts_nowhere() -> None:
    refused = spoiled(good_job(), Answered, status_code=422, job_id=None)
    assert not any(stage.seconds for stage in stage_times(a_history(refused)))
    assert list(lines(a_history(refused))) == []


def test_without_jobs_there_is_nothing_to_say() -> None:
    assert list(lines(History())) == []


def test_the_table_names_stages_pace_and_overlap() -> None:
    told = "\n".join(lines(a_history()))
    assert told.split()[:5] == ["Seconds", "p50", "p95", "p99", "max"]
    for stage in ("accept", "queue", "work", "callback"):
        assert f"\n  {stage}" in told
    assert "2 jobs completed, 1.11 a second over the run, at most 2 in flight" in told


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(
    seconds: list[float], percent: int
) -> None:
    times = StageTimes("any", tuple(sorted(seconds)))
    value = times.percentile(percent)
    assert value in seconds
    assert sum(s <= value for s in seconds) * 100 >= percent * len(seconds)
