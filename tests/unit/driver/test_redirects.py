"""Where a request goes after a redirect, and how long a client waits that was asked to."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.driver.job_state import MOST_WAITS, JobState, PreparedJob
from asyncproof.driver.redirects import LONGEST_WAIT, seconds, target
from asyncproof.history.events import Answered, Polled
from asyncproof.history.job_health import JobHealth
from asyncproof.liveness.clocks import Budgets, Clocks
from asyncproof.wire.protocol import MinerAnswer
from asyncproof.workload.scenario import Job

HERE = "http://miner:8091/inference"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "code", "location", "anywhere", "expected"),
    [
        ("POST", 307, "/inference/", False, "http://miner:8091/inference/"),
        ("POST", 308, "http://miner:8091/v2", False, "http://miner:8091/v2"),
        ("POST", 307, "https://miner/inference", False, "https://miner/inference"),
        ("POST", 302, "/inference/", False, None),
        ("POST", 307, "http://elsewhere/inference", True, None),
        ("POST", 307, "http://miner:9000/inference", False, None),
        ("GET", 302, "/moved", False, "http://miner:8091/moved"),
        ("GET", 307, "http://store/x.png", False, None),
        ("GET", 307, "http://store/x.png", True, "http://store/x.png"),
        ("GET", 307, "file:///etc/passwd", True, None),
        ("GET", 200, "/moved", True, None),
        ("GET", 307, None, True, None),
        ("GET", 307, "", True, None),
    ],
)
def test_a_body_stays_on_its_host(
    method: str, code: int, location: str | None, anywhere: bool, expected: str | None
) -> None:
    assert target(method, HERE, code, location, anywhere) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("1", 1.0),
        (" 20 ", 20.0),
        ("0", 0.0),
        ("100000", LONGEST_WAIT),
        ("Thu, 01 Jan 2026 00:00:07 GMT", 7.0),
        ("Thu, 01 Jan 2020 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_moment(header: str | None, expected: float | None) -> None:
    assert seconds(header, NOW) == expected


@given(st.text())
def test_whatever_the_header_says_the_wait_is_bounded(header: str) -> None:
    assert 0.0 <= (seconds(header, NOW) or 0.0) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("code", "retry_after", "waits"),
    [(429, 1.0, 1.0), (429, None, None), (503, 1.0, None), (200, 1.0, None)],
)
def test_a_poll_waits_as_told(code: int, retry_after: float | None, waits: float | None) -> None:
    job = a_job_in_flight()
    assert job.told_to_wait(MinerAnswer(0.1, code, retry_after=retry_after), 5.0) == waits
    assert job.not_before == (5.0 + waits if waits else 0.0)


def test_a_miner_that_asks_to_wait_for_ever_is_not_obeyed_for_ever() -> None:
    """Then its answer is recorded for what it is; a readable one in between starts anew."""
    job = a_job_in_flight()
    busy = MinerAnswer(0.1, 429, retry_after=1.0)
    told = [job.told_to_wait(busy, float(second)) for second in range(20)]
    assert told == [1.0] * MOST_WAITS + [None] * (20 - MOST_WAITS)
    job.saw(Polled(at=21.0, job="job_1", took=0.0, status="queued"), MinerAnswer(0.1, 200))
    assert job.told_to_wait(busy, 22.0) == 1.0


def test_being_asked_to_wait_is_a_sign_of_life() -> None:
    job = a_job_in_flight()
    job.told_to_wait(MinerAnswer(0.1, 429, retry_after=9.0), 5.0)
    budgets = Budgets(silence=3.0, step=100.0, total=100.0)
    assert job.clocks.life(14.0, budgets) is JobHealth.FINE
    assert job.clocks.life(18.0, budgets) is JobHealth.DEAD


def a_job_in_flight() -> JobState:
    answered = Answered(at=0.0, job="job_1", took=0.0, status_code=202, job_id="id")
    return JobState(
        PreparedJob(Job(prompt="fox"), "job_1", None), answered, "id", Clocks.started(0)
    )
