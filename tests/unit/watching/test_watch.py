"""Following many jobs: each trouble is told once, and only jobs in flight are remembered."""

import tracemalloc
from dataclasses import replace

import pytest

from asyncproof.history.job_health import JobHealth
from asyncproof.watching.watch import Watch
from asyncproof.wire.protocol import Listed, MinerAnswer, read_jobs
from tests.support.stories import BUDGETS, HEALTHY, HUNG, Story


def told(watch: Watch, at: float) -> list[tuple[str, JobHealth]]:
    return [(watched.job_id, diagnosis.life) for watched, diagnosis in watch.news(at)]


def follow(story: Story) -> list[JobHealth]:
    """What is told of a job that lives this story, seen from its first second on."""
    watch, news = Watch(BUDGETS), list[JobHealth]()
    for second, seen in enumerate(story.seconds):
        if seen is not None:
            watch.saw(second, Listed("a", seen.status, seen.progress))
        news += [life for _, life in told(watch, second)]
    return news


@pytest.mark.parametrize("story", HUNG, ids=str)
def test_a_hang_is_told_first_and_by_its_name(story: Story) -> None:
    assert [life for life in follow(story) if life is not JobHealth.SLOW][:1] == [story.life]


@pytest.mark.parametrize("story", HEALTHY, ids=str)
def test_of_a_healthy_job_nothing_is_told(story: Story) -> None:
    assert follow(story) == []


def test_a_stall_is_told_once_and_its_end_too() -> None:
    watch = Watch(BUDGETS)
    news = []
    for second in range(60):
        watch.saw(second, Listed("a", "processing", 42.0 if second < 50 else 43.0))
        news += told(watch, second)
    assert news == [("a", JobHealth.STALLED), ("a", JobHealth.FINE)]
    assert watch.stalls == 1


def test_a_job_that_has_ended_is_forgotten_and_one_that_had_before_is_never_taken_in() -> None:
    watch = Watch(BUDGETS)
    for job_id in "abc":
        watch.saw(0, Listed(job_id, "processing", 10))
    watch.saw(1, Listed("a", "completed", 100))
    watch.saw(1, Listed("old", "completed", 100))
    watch.keep_only(2, {"b"})
    assert ("b" in watch, len(watch), watch.seen, watch.ended) == (True, 1, 3, 2)


def test_the_total_time_counts_from_where_the_work_begins() -> None:
    watch = Watch(replace(BUDGETS, total=50, process=1000))
    for second in range(0, 200, 5):
        watch.saw(second, Listed("a", "queued" if second < 100 else "processing"))
        news = told(watch, second)
        assert news == ([("a", JobHealth.OVERDUE)] if second == 155 else [])


def test_the_queue_behind_a_job_that_moves_does_not_starve() -> None:
    watch = Watch(BUDGETS)
    for second in range(300):
        watch.saw(second, Listed("ahead", "processing", second / 10))
        watch.saw(second, Listed("behind", "queued"))
        assert told(watch, second) == []


def test_memory_stays_flat_over_many_jobs() -> None:
    """A thousand jobs or six thousand: what is kept is what is in flight."""

    def live(jobs: range) -> None:
        for n in jobs:
            watch.saw(n, Listed(f"job {n}", "queued"))
            watch.saw(n + 0.2, Listed(f"job {n}", "processing", 50.0))
            watch.saw(n + 0.5, Listed(f"job {n - 3}", "completed"))
            assert not told(watch, n + 0.6)

    watch = Watch(BUDGETS)
    tracemalloc.start()
    try:
        live(range(1_000))
        before, _ = tracemalloc.get_traced_memory()
        live(range(1_000, 6_000))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(watch) == 3
    assert after - before < 16 * 1024


@pytest.mark.parametrize(
    ("status_code", "body", "jobs"),
    [
        (200, b'{"jobs": [{"job_id": "a", "status": "queued"}]}', (Listed("a", "queued"),)),
        (200, b'[{"id": "a", "progress": 4.5, "model": "xl"}]', (Listed("a", None, 4.5, "xl"),)),
        (200, b'[{"job_id": "a", "progress": "half"}]', (Listed("a"),)),
        (
            200,
            b'{"inference_jobs": [{"id": "a", "status": "queued"}], "edit_jobs": [{"id": "b"}]}',
            (Listed("a", "queued"), Listed("b")),
        ),
        (200, b'{"inference_jobs": [], "edit_jobs": []}', ()),
        (
            200,
            b'{"running": [{"id": "a", "status": "processing"}], "models": [{"id": "xl"}]}',
            (Listed("a", "processing"),),
        ),
        (
            200,
            b'{"jobs": [], "workers": [{"id": "w0", "status": "idle"}]}',
            (),
        ),
        (200, b'{"models": [{"id": "xl"}]}', None),
        (200, b'[{"status": "queued"}, 7, null, "x"]', ()),
        (200, b"[]", ()),
        (200, b"{}", None),
        (200, b"<html>", None),
        (200, b'"jobs"', None),
        (404, b"[]", None),
    ],
)
def test_a_list_of_jobs_is_read_as_far_as_it_can_be(
    status_code: int, body: bytes, jobs: tuple[Listed, ...] | None
) -> None:
    assert read_jobs(MinerAnswer(0.0, status_code, body=body)) == jobs


def test_a_bar_that_comes_nearer_to_100_and_never_arrives_is_slow_by_its_latest_rises() -> None:
    """Its pace on the whole looks good: 99 % in two minutes."""
    watch, news = Watch(BUDGETS), list[tuple[str, JobHealth]]()
    for second in range(120):
        watch.saw(second, Listed("a", "processing", 100 - 100 * 0.9**second))
        news += told(watch, second)
    assert news == [("a", JobHealth.SLOW)]


def test_a_bar_that_moves_again_after_it_crept_is_told_too() -> None:
    watch, news = Watch(BUDGETS), list[tuple[str, JobHealth]]()
    marks = [50 + n / 100 for n in range(50)] + [60.0 + n for n in range(40)]
    for second, mark in enumerate(marks):
        watch.saw(second, Listed("a", "processing", mark))
        news += told(watch, second)
    assert news == [("a", JobHealth.SLOW), ("a", JobHealth.FINE)]
