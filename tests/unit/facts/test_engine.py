"""Whether the engine is in doubt after a scenario, and which job it may have died of."""

import pytest

from asyncproof.facts import engine, sizes
from asyncproof.history.events import Answered, AsyncEvent, Polled, Submitted
from asyncproof.history.history import History
from asyncproof.workload.scenario import Job
from asyncproof.workload.special_cases import (
    CASE,
    MEANT,
    NO_SUCH_LORA,
    SIZE,
    Meant,
    other_sizes,
)
from tests.support.histories import SILENT, a_history, good_job, spoiled

Events = list[AsyncEvent]
TO_FAIL = {MEANT: Meant.TO_FAIL, CASE: "unknown LoRA"}


def plain(name: str, at: float) -> Events:
    return good_job(name, at)


def failed(name: str, at: float, tags: dict[str, str]) -> Events:
    return spoiled(spoiled(good_job(name, at), Submitted, tags=tags), Polled, status="failed")


def hung(name: str, at: float, tags: dict[str, str] | None = None) -> Events:
    events = spoiled(good_job(name, at), Submitted, tags=tags or {})
    gave_up = SILENT.__class__(
        at=at + 9, job=name, waiting_for="a terminal state", last_state="processing", waited=9
    )
    return [*(e for e in events if e.at < at + 1.0), gave_up]


def refused(name: str, at: float, tags: dict[str, str]) -> Events:
    events = spoiled(spoiled(good_job(name, at), Submitted, tags=tags), Answered, status_code=422)
    return [
        e for e in spoiled(events, Answered, job_id=None) if isinstance(e, Submitted | Answered)
    ]


@pytest.mark.parametrize(
    ("history", "doubt", "suspect"),
    [
        (a_history(plain("job_001", 0)), False, None),
        (a_history(hung("job_001", 0)), True, "job_001"),
        (a_history(failed("job_001", 0, TO_FAIL)), True, "job_001"),
        (a_history(failed("job_001", 0, TO_FAIL), plain("job_002", 3)), False, "job_001"),
        (a_history(plain("job_001", 0), failed("job_002", 0.1, TO_FAIL)), True, "job_002"),
        (a_history(failed("job_001", 0, TO_FAIL), hung("job_002", 3)), True, "job_001"),
        (a_history(plain("job_001", 0), hung("job_002", 3), hung("job_003", 4)), True, "job_002"),
        (a_history(hung("job_001", 0), failed("job_002", 3, TO_FAIL)), True, "job_001"),
        (a_history(refused("job_001", 0, TO_FAIL)), False, None),
        (a_history(failed("job_001", 0, {})), False, None),
        (a_history(spoiled(good_job("job_001"), Polled, status="timeout")), True, "job_001"),
    ],
)
def test_the_engine_is_in_doubt_until_a_job_is_done(
    history: History, doubt: bool, suspect: str | None
) -> None:
    assert engine.is_in_doubt(history) is doubt
    likeliest = engine.likeliest(history)
    assert (likeliest.name if likeliest else None) == suspect


@pytest.mark.parametrize(
    ("changes", "special"),
    [
        ({"tags": TO_FAIL}, "unknown LoRA"),
        ({"tags": {SIZE: "512x512"}}, "size 512x512"),
        ({"request": {"lora_path": NO_SUCH_LORA}}, "unknown LoRA"),
        ({"request": {"seed": -1}}, "seed -1"),
        ({"request": {"seed": 0}}, ""),
        ({"tags": {MEANT: Meant.CHOSEN_ID, CASE: "mine"}}, ""),
        ({}, ""),
    ],
)
def test_what_is_special_about_a_job(changes: dict[str, object], special: str) -> None:
    job = a_history(spoiled(good_job("job_001"), Submitted, **changes)).jobs["job_001"]
    assert engine.special_about(job) == special
    assert engine.named(job).endswith(special or "(id-job_001)")


@pytest.mark.parametrize(
    ("before", "also"),
    [
        (spoiled(plain("job_001", 0), Submitted, tags={SIZE: "512x512"}), "job_001"),
        (failed("job_001", 0, TO_FAIL), ""),
        (plain("job_001", 0), ""),
    ],
)
def test_a_special_job_that_completed_just_before_may_be_to_blame_too(
    before: Events, also: str
) -> None:
    history = a_history(before, failed("job_002", 3, TO_FAIL), hung("job_003", 6))
    blamed = engine.blamed(history, history.jobs["job_002"])
    assert blamed.startswith("job_002 (id-job_002): unknown LoRA")
    assert (also in blamed and "completed just before" in blamed) is bool(also)
    assert engine.blamed(history, history.jobs["job_001"]) == engine.named(history.jobs["job_001"])


def test_an_engine_works_beside_a_job_that_hangs_where_others_complete_later() -> None:
    def works_beside(*jobs: list[AsyncEvent]) -> bool:
        history = a_history(*jobs)
        return engine.works_beside(history, history.jobs["job_002"])

    assert works_beside(plain("job_001", 0), hung("job_002", 0), plain("job_003", 6))
    assert not works_beside(plain("job_001", 0), hung("job_002", 6))
    assert not works_beside(plain("job_001", 0), failed("job_002", 3, TO_FAIL), plain("job_003", 6))


def test_the_longest_job_is_one_that_completed() -> None:
    history = a_history(plain("job_001", 0), failed("job_002", 3, {}), hung("job_003", 6))
    assert engine.longest_job(history) == pytest.approx(1.7)
    assert engine.longest_job(a_history(hung("job_001", 0))) is None


@pytest.mark.parametrize(
    ("usual", "others"),
    [
        ((1024, 1024), {(512, 512), (768, 1024)}),
        ((1024, 512), {(512, 256), (768, 512)}),
        ((512, 1024), {(256, 512), (512, 768)}),
        ((128, 128), {(64, 64), (64, 128)}),
        ((64, 64), set()),
    ],
)
def test_other_sizes_are_smaller_and_one_is_turned(
    usual: tuple[int, int], others: set[tuple[int, int]]
) -> None:
    assert {job.size for job in other_sizes(lambda: Job(prompt="fox"), usual)} == others


def test_what_an_engine_survived_once_leaves_no_doubt_again() -> None:
    special = a_history(failed("job_001", 0, TO_FAIL))
    survived = {engine.special_about(special.jobs["job_001"])}
    assert engine.is_in_doubt(special)
    assert not engine.is_in_doubt(special, survived)
    assert engine.is_in_doubt(a_history(hung("job_001", 0)), survived | {""})


@pytest.mark.parametrize(
    ("became", "outcome"),
    [(["failed", "completed"], "made"), (["failed"], "failed")],
)
def test_a_size_of_plain_jobs_is_taken_if_one_of_them_shows_it(
    became: list[str], outcome: str
) -> None:
    """A miner that takes it no longer has it forgotten, a job that fails by chance does not."""
    jobs = [
        spoiled(good_job(f"job_{n}", at=n), Polled, status=status)
        for n, status in enumerate(became)
    ]
    history = a_history(*jobs)
    assert sizes.outcome_of(history, (64, 64)) == outcome
    assert sizes.outcome_of(history, (32, 32)) is None
