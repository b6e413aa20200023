"""What is the matter with a miner on which no job comes to anything."""

import pytest

from asyncproof.facts.sickness import Sickness, of_all, sickness
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Delivered,
    Downloaded,
    GaveUp,
    Polled,
    Submitted,
)
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.wire.protocol import CANNOT_CONNECT
from asyncproof.workload.special_cases import MEANT, Meant
from tests.support.histories import a_history, good_job, spoiled, without

GONE = f"{CANNOT_CONNECT} (connection refused)"
STALLED = Diagnosis(
    life=JobHealth.STALLED, stage=Stage.STEPPING, progress=50.0, silent=0.1, still=30.0, total=31.0
)


def started(name: str = "job_001") -> list[AsyncEvent]:
    """A job that was taken and begun, and of which nothing more is known."""
    kept = [e for e in good_job(name) if not isinstance(e, Delivered | Downloaded)]
    return [e for e in kept if not (isinstance(e, Polled) and e.status == "completed")]


def hung(name: str = "job_001") -> list[AsyncEvent]:
    given_up = GaveUp(
        at=32.0,
        job=name,
        waiting_for="a terminal state",
        last_state="processing",
        waited=32.0,
        diagnosis=STALLED,
    )
    return [*started(name), given_up]


def failed(name: str = "job_001") -> list[AsyncEvent]:
    end = Polled(at=2.0, job=name, took=0.01, status_code=200, status="failed", job_error="no GPU")
    return [*started(name), end]


def refused(name: str = "job_001") -> list[AsyncEvent]:
    events = [event for event in good_job(name) if isinstance(event, Submitted | Answered)]
    return spoiled(events, Answered, status_code=503, job_id=None, body="busy")


def unreachable(name: str = "job_001") -> list[AsyncEvent]:
    return spoiled(refused(name), Answered, status_code=None, body="", error=GONE)


def left_alone(name: str = "job_001") -> list[AsyncEvent]:
    return [*started(name), Polled(at=2.0, job=name, took=0.01, error=GONE)]


def undelivered(name: str = "job_001") -> list[AsyncEvent]:
    return without(good_job(name), Delivered)


@pytest.mark.parametrize(
    ("made", "found", "told"),
    [
        (hung, Sickness.HANGS, "was still processing after 32.0 s"),
        (failed, Sickness.FAILS, "failed: no GPU"),
        (refused, Sickness.REFUSES, "503 'busy'"),
        (unreachable, Sickness.GONE, GONE),
        (left_alone, Sickness.GONE, GONE),
        (undelivered, Sickness.DELIVERS_NOTHING, ""),
    ],
)
def test_what_every_job_suffers_from_is_named(made, found, told) -> None:  # type: ignore[no-untyped-def]
    both = sickness(a_history(made("job_001"), made("job_002")))
    assert both is not None
    assert (both.sickness, both.told) == (found, told)
    assert sickness(a_history(made("job_001"), good_job("job_002"))) is None


def test_a_job_that_ends_shows_that_the_others_do_not_hang_for_the_engine() -> None:
    assert sickness(a_history(hung("job_001"), good_job("job_002"))) is None
    mixed = sickness(a_history(hung("job_001"), failed("job_002")))
    assert mixed is not None
    assert mixed.sickness is Sickness.HANGS


def test_what_was_provoked_says_nothing() -> None:
    to_fail = spoiled(failed(), Submitted, tags={MEANT: Meant.TO_FAIL})
    history = a_history(to_fail)
    assert sickness(history) is None
    assert of_all(history) is not None


def test_a_job_that_asked_for_no_callback_misses_none() -> None:
    nowhere = spoiled(undelivered(), Submitted, expects_callback=False)
    assert sickness(a_history(nowhere)) is None
    assert sickness(a_history(nowhere, undelivered("job_002"))) is None


def test_no_job_is_no_sickness() -> None:
    assert of_all([]) is None
