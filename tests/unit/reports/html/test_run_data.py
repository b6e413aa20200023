"""What a scenario says of its jobs: how many ended how, in which time, and what that proves."""

import pytest

from asyncproof.harness.verdict import CheckResult, Finding, Verdict
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Delivered,
    Judged,
    Polled,
    Submitted,
)
from asyncproof.reports.html.run_data import run_data
from tests.support.histories import good_job, probed, scenario, spoiled


def test_a_later_look_does_not_stretch_a_scenario() -> None:
    events = scenario(good_job("job_001"), good_job("job_002", at=0.5))
    later = Polled(at=60.0, job="job_001", took=0.01, status_code=200, status="completed")
    (found,) = run_data([*events, later], Verdict(())).index["scenarios"]
    assert found["ended"] == 2.2
    assert found["told"].startswith("2 of 2 jobs completed in 2.2 s (0.9 a second)")


def test_few_jobs_of_a_long_scenario_are_counted_by_the_minute() -> None:
    assert "(2.0 a minute)" in told(good_job("job_001"), good_job("job_002", at=57.8))


def test_a_scenario_of_requests_alone_lasts_to_its_end() -> None:
    (found,) = run_data(scenario([probed("health", 200, at=4.0)]), Verdict(())).index["scenarios"]
    assert found["told"] == "requests only, no jobs, 4.0 s"


def four_jobs() -> list[list[AsyncEvent]]:
    return [good_job(f"job_{n:03d}") for n in range(1, 5)]


def told(*jobs: list[AsyncEvent], verdict: Verdict | None = None) -> str:
    (found,) = run_data(scenario(*jobs), verdict or Verdict(())).index["scenarios"]
    assert isinstance(found["told"], str)
    return found["told"]


def test_four_good_jobs_say_what_they_prove() -> None:
    assert told(*four_jobs()).endswith(
        "; no failure in 4: fewer than 75 % of such jobs fail (95 % confidence)"
    )


def test_jobs_of_which_one_is_accused_prove_nothing() -> None:
    lost = Finding("CBK-1", "job_002 (an id)", "a callback", "none", job="job_002")
    verdict = Verdict((CheckResult("check", ("CBK-1",), 4, (lost,)),))
    assert "no failure" not in told(*four_jobs(), verdict=verdict)


def test_a_miner_that_answers_when_the_work_is_done_had_that_job_in_flight() -> None:
    late = spoiled(good_job(), Answered, at=3.0, took=3.0)
    assert "up to 1 in flight" in told(late)


def test_what_is_only_an_echo_has_no_advice_in_the_story_of_its_job() -> None:
    """What is to be mended is its cause."""
    cause = Finding("IDN-5", "job_001", "this", "that", job="job_001", advice="unload it")
    echo = Finding(
        "IMG-3", "job_001", "this", "that", job="job_001", advice="a buffer", because="IDN-5"
    )
    verdict = Verdict((CheckResult("check", ("IDN-5", "IMG-3"), 2, (cause, echo)),))
    story = run_data(scenario(good_job()), verdict).chunks[0]["job_001"]
    assert [found["advice"] for found in story["findings"]] == ["unload it", ""]


@pytest.mark.parametrize(
    ("changed", "others"),
    [
        (spoiled(good_job("job_002"), Polled, status="failed"), "1 failed"),
        (good_job("job_002")[:4], "1 without an end"),
        (
            spoiled(good_job("job_002")[:2], Answered, status_code=422, job_id=None, status=None),
            "1 not accepted",
        ),
    ],
    ids=["failed", "without an end", "not accepted"],
)
def test_jobs_that_did_not_complete_are_counted_by_their_end(
    changed: list[AsyncEvent], others: str
) -> None:
    assert isinstance(changed[0], Submitted)
    assert told(good_job("job_001"), changed).endswith(f" in flight; {others}")


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"stored": False, "nemesis": "Resets"}, True),
        ({"stored": False}, False),
        ({"secret": "wrong", "nemesis": "Resets"}, False),
    ],
)
def test_a_callback_that_we_broke_is_not_drawn_as_wrong(
    changes: dict[str, object], good: bool
) -> None:
    (row,) = run_data(scenario(spoiled(good_job(), Delivered, **changes)), Verdict(())).index[
        "jobs"
    ]
    assert [drawn for _, drawn in row["callbacks"]] == [good]


def test_a_job_names_the_tests_that_were_judged_on_it() -> None:
    """Once each, in the order in which they were judged."""
    judged = [
        Judged(at=3.0, scenario=name, checks=("c",), jobs=jobs)
        for name, jobs in (("test_b", ("job_001",)), ("test_a", ("job_001",)), ("test_c", None))
    ]
    events = [*scenario(good_job("job_001"), good_job("job_002")), *judged, judged[0]]
    first, second = run_data(events, Verdict(())).index["jobs"]
    assert (first["tests"], second["tests"]) == (["test_b", "test_a"], [])
