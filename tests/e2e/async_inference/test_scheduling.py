"""The queue: every job has its turn, in fair order, and the wait does not grow."""

from itertools import chain

import pytest

from tests.e2e.async_inference.checks import arrival, order, scheduling, submission
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.scenario import one_after_another, steady
from tests.harness.settings import Settings

pytestmark = pytest.mark.families("SCH")

QUEUED_UP = 12
IN_A_ROW = 6
IN_TURN = [
    submission.every_submission_accepted,
    scheduling.every_job_ends,
    order.no_job_is_left_behind,
    order.no_job_starves,
    order.jobs_are_taken_in_turn,
]


@pytest.mark.quick
def test_jobs_have_their_turn(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """Of jobs that come faster than they are drawn, none is overtaken by many or left behind."""
    history = testbed.run(steady(draw.jobs(QUEUED_UP), per_second=50))

    verdict = judge(history, IN_TURN)
    assert verdict.passed, verdict.explain()


def test_two_clients_share_a_miner(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A client with one job at a time has its turn beside another that floods the queue."""
    flood = [job.tagged(client="flooding") for job in draw.jobs(QUEUED_UP)]
    few = [job.tagged(client="modest") for job in draw.jobs(QUEUED_UP // 4)]
    rounds = [[*flood[n * 4 : n * 4 + 4], job] for n, job in enumerate(few)]

    history = testbed.run(steady(list(chain(*rounds)), per_second=50))

    verdict = judge(history, [*IN_TURN, arrival.every_job_is_delivered])
    assert verdict.passed, verdict.explain()


def test_jobs_in_a_row_take_as_long_each(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """The last of many equal jobs, one after another, is no slower than the first."""
    jobs = draw.jobs(max(IN_A_ROW, settings.sequential_jobs))

    history = testbed.run(one_after_another(jobs))

    verdict = judge(history, [scheduling.every_job_completes, order.jobs_do_not_get_slower])
    assert verdict.passed, verdict.explain()
