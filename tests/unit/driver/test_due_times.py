"""Each job is handed out once it is due, at the time that was set last."""

import asyncio
from collections.abc import Sequence

import pytest

from asyncproof.driver.due_times import DueTimes
from asyncproof.driver.job_state import JobState, PreparedJob
from asyncproof.history.events import Answered
from asyncproof.liveness.clocks import Clocks
from asyncproof.workload.scenario import Job


def a_job(name: str) -> JobState:
    answered = Answered(at=0.0, job=name, took=0.0, status_code=200, job_id=name)
    return JobState(PreparedJob(Job(prompt="fox"), name, None), answered, name, Clocks.started(0.0))


async def handed_out(times: Sequence[tuple[str, float]]) -> list[str]:
    """The names in the order in which the jobs come, at a moment when all are due."""
    due, jobs = DueTimes(lambda: 100.0), {name: a_job(name) for name, _ in times}
    for name, at in times:
        due.set(jobs[name], at)
    return [(await due.next()).job_id for _ in jobs]


@pytest.mark.parametrize(
    ("times", "order"),
    [
        ([("a", 2.0), ("b", 1.0), ("c", 3.0)], ["b", "a", "c"]),
        ([("a", 1.0), ("b", 1.0)], ["a", "b"]),
        ([("a", 1.0), ("b", 2.0), ("a", 3.0)], ["b", "a"]),
        ([("a", 3.0), ("b", 2.0), ("a", 1.0)], ["a", "b"]),
    ],
    ids=["by time", "equal times", "later after all", "sooner after all"],
)
def test_jobs_come_in_the_order_of_their_last_times(
    times: list[tuple[str, float]], order: list[str]
) -> None:
    assert asyncio.run(handed_out(times)) == order


def test_a_job_that_is_set_while_nothing_is_due_wakes_the_wait() -> None:
    async def woken() -> str:
        due = DueTimes(lambda: 100.0)
        due.set(a_job("much later"), 1e6)
        waiting = asyncio.ensure_future(due.next())
        await asyncio.sleep(0)
        due.set(a_job("now"), 100.0)
        return (await asyncio.wait_for(waiting, 30.0)).job_id

    assert asyncio.run(woken()) == "now"
