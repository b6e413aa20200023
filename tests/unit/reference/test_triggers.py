"""When a fault strikes, and that a job is struck as a whole."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.miner.faults import switched_on
from reference.miner.jobs import Job, PictureRequest
from reference.miner.triggers import Arming, Trigger, parse_fault, parse_trigger


def a_job(number: int) -> Job:
    """The n-th job."""
    request = PictureRequest(prompt="x", width=64, height=64, steps=1, guidance=7.0, seed=1)
    now = datetime.now(UTC)
    return Job(
        job_id=f"j{number}",
        number=number,
        request=request,
        seed=1,
        path="/inference",
        base_url="",
        queued_at=now,
    )


@dataclass
class Load:
    """How many jobs are in flight."""

    jobs: int = 0

    def __call__(self) -> int:
        return self.jobs


(FAULT,) = switched_on([("all-black", None)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("always", Trigger("always", 0.0)),
        ("race:3", Trigger("race", 3.0)),
        ("p:0.25", Trigger("p", 0.25)),
        ("every:5", Trigger("every", 5.0)),
    ],
)
def test_triggers_are_read_as_written(text: str, expected: Trigger) -> None:
    """Four kinds."""
    assert parse_trigger(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "race", "race:-1", "p:1.5", "p:x", "p", "every:0", "every:1.5", "always:1", "odd:3"],
)
def test_what_is_no_trigger_is_refused(text: str) -> None:
    """With all that is allowed."""
    with pytest.raises(ValueError, match="race:K with K >= 0"):
        parse_trigger(text)


def test_a_fault_can_carry_a_value() -> None:
    """After a colon; anything but a number is refused."""
    assert parse_fault("hang") == ("hang", None)
    assert parse_fault("hang:75") == ("hang", 75.0)
    with pytest.raises(ValueError, match="not a number"):
        parse_fault("hang:x")


def test_which_jobs_a_fault_strikes_is_logged_once_for_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Under ``--log-level DEBUG``."""
    arming, jobs = Arming(Trigger("every", 2.0), 0, Load()), [a_job(n) for n in (1, 2, 3, 4)]
    with caplog.at_level("DEBUG"):
        for job in (*jobs, *jobs):
            arming(FAULT, job)
    assert caplog.messages == [f"fault all-black strikes job j{n}" for n in (2, 4)]


def test_a_race_fault_strikes_only_with_more_jobs_in_flight_and_stays_with_its_job() -> None:
    """What was decided for a job at its first moment holds to its end."""
    load = Load(3)
    arming = Arming(Trigger("race", 3.0), 0, load)
    early, late = a_job(1), a_job(2)
    assert not arming(FAULT, early)
    load.jobs = 4
    assert arming(FAULT, late)
    assert not arming(FAULT, early)
    load.jobs = 0
    assert arming(FAULT, late)


def test_every_nth_job_is_struck() -> None:
    """Counted from the first."""
    arming = Arming(Trigger("every", 3.0), 0, Load())
    assert [n for n in range(1, 10) if arming(FAULT, a_job(n))] == [3, 6, 9]


@given(st.integers(0, 2**32))
def test_chance_is_the_same_for_the_same_seed_and_about_as_often_as_asked_for(seed: int) -> None:
    """200 jobs at p = 0.5."""
    runs = [
        [Arming(Trigger("p", 0.5), seed, Load())(FAULT, a_job(n)) for n in range(200)]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert 50 < sum(runs[0]) < 150
