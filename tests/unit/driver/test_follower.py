"""A job has longer where we were late ourselves."""

import asyncio
from dataclasses import replace
from typing import Any, cast

from asyncproof.driver.fetcher import Fetcher
from asyncproof.driver.follower import JobFollower
from asyncproof.driver.job_state import JobState, Pace, PreparedJob
from asyncproof.driver.poller import Poller
from asyncproof.history.events import Answered, AsyncEvent, Delivered, GaveUp
from asyncproof.liveness.clocks import Budgets, Clocks
from asyncproof.workload.scenario import Job

SILENCE = 10.0
BUDGETS = Budgets(silence=SILENCE, step=60.0, total=600.0)
PACE = Pace(1.0, 30.0, BUDGETS, tells_delivery=False)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Silent:
    """Stands for a poller whose miner never answers, and for a fetcher."""

    async def look(self, state: JobState, patience: float) -> None:
        """No answer."""

    async def fetch(self, state: JobState) -> None:
        """Nothing."""

    def is_notice(self, event: Delivered) -> bool:
        return False

    def heard(self, state: JobState, event: Delivered) -> None:
        """A server that can be asked tells nothing by callbacks."""

    def flush(self, state: JobState) -> None:
        """Nothing was repeated."""


def a_callback() -> Delivered:
    """One that was refused, so that it tells nothing of the job."""
    return Delivered(
        at=0.0,
        number=1,
        began=0.0,
        method="POST",
        path="/callback/token",
        token="token",
        secret="match",
        fields={},
    )


def given_up_at(now: float, late: float, pace: Pace = PACE, heard: float = 0.0) -> bool:
    """Whether a queued job is given up at this time, where one of our polls had left so late some
    seconds after it was submitted, and it was ``heard`` of after that."""
    clock, events = Clock(), list[AsyncEvent]()

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            silent: Any = Silent()
            follower = JobFollower(
                cast(Poller, silent),
                cast(Fetcher, silent),
                pace,
                tasks,
                clock=clock,
                record=events.append,
                ended=lambda _: None,
            )
            answered = Answered(at=0.0, job="job_1", took=0.0, status_code=200, job_id="id")
            prepared = PreparedJob(Job(prompt="fox"), "job_1", None, "token")
            state = JobState(prepared, answered, "id", Clocks.started(0.0))
            follower.follow(state)
            clock.now = 5.0
            follower.lateness.add(late)
            clock.now = 6.5
            follower.lateness.add(0.0)
            if heard:
                state.clocks = state.clocks.heard_at(heard, "queued", None)
            clock.now = now
            follower.attempted(a_callback())

    asyncio.run(run())
    return any(isinstance(event, GaveUp) for event in events)


def test_a_silent_job_is_given_up_when_its_budget_is_used() -> None:
    assert not given_up_at(SILENCE - 0.5, late=0.0)
    assert given_up_at(SILENCE + 0.5, late=0.0)


def test_our_own_delay_is_added_to_its_budget() -> None:
    assert not given_up_at(SILENCE + 0.5, late=2.0)
    assert given_up_at(SILENCE + 2.5, late=2.0)


def test_our_own_delay_is_added_to_the_time_in_the_queue() -> None:
    """We may have been late to see that other jobs went on."""
    queue = replace(PACE, budgets=Budgets(silence=600.0, step=10.0, total=600.0))
    assert not given_up_at(10.5, 2.0, queue, heard=7.0)
    assert given_up_at(12.5, 2.0, queue, heard=7.0)
    assert given_up_at(10.5, 0.0, queue, heard=7.0)
