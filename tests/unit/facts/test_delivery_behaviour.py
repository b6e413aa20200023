"""The delivery policy as observed, told from small hand-written histories."""

import msgspec
import pytest

from asyncproof.facts.delivery_behaviour import lines
from asyncproof.history.events import ActKind, AsyncEvent, Delivered, NemesisActed
from tests.support.histories import a_history, good_job, spoiled

NEMESIS = "n"


def refused(**changes: object) -> list[AsyncEvent]:
    answered = {"answered": 500, "nemesis": NEMESIS} | changes
    return spoiled(good_job("job_001"), Delivered, **answered)


def then(events: list[AsyncEvent], after: float, **changes: object) -> list[AsyncEvent]:
    first = next(e for e in events if isinstance(e, Delivered))
    later = {"number": 2, "began": first.at + after, "at": first.at + after + 0.1} | changes
    return [*events, msgspec.structs.replace(first, **later)]


def elsewhere(leaked: bool) -> AsyncEvent:
    act = f"GET {ActKind.CAME_ELSEWHERE}"
    return NemesisActed(at=1.6, nemesis=NEMESIS, act=act, token="token-job_001", leaked=leaked)


OBSERVED: list[tuple[list[AsyncEvent], list[str]]] = [
    (good_job("job_001"), ["Callbacks of 1 job: 1 once"]),
    (refused(), ["After an error answer: never sent again (seen once)"]),
    (
        then(refused(), 0.5, answered=200, nemesis=""),
        ["After an error answer: up to 2 attempts, 0.5 s apart (seen once)"],
    ),
    (
        refused(answered=None, broken="reset by us", stored=False),
        ["After a broken connection: never sent again (seen once)"],
    ),
    (
        refused(answered=None, at=11.4, broken="the miner left", went_away=True),
        ["Stops waiting for an answer after 10.0 s"],
    ),
    (refused(answered=200, at=4.4), ["Waits for an answer for 3.0 s at least"]),
    (refused(answered=302), ["Redirects: not followed"]),
    (
        then(refused(answered=307), 0.1, answered=200, nemesis=""),
        ["Redirects: follows 307"],
    ),
    (
        [*refused(answered=302), elsewhere(leaked=True)],
        ["Redirects: follows 302", "Redirects to another host: followed, with the secret"],
    ),
]


def test_an_answer_that_was_begun_and_left_is_no_patience() -> None:
    """An endless answer is left as soon as there is enough of it to show."""
    left = refused(answered=200, at=2.3, broken="the miner left", went_away=True)
    assert not [line for line in lines(a_history(left)) if "an answer" in line]


@pytest.mark.parametrize(("events", "expected"), OBSERVED)
def test_what_was_observed_is_told(events: list[AsyncEvent], expected: list[str]) -> None:
    told = lines(a_history(events))
    assert [line for line in told if line in expected] == expected


def test_a_run_without_jobs_tells_nothing() -> None:
    assert lines(a_history([])) == []
