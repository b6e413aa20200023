"""The queue: every job has its turn, in fair order, and the wait does not grow."""

from itertools import chain

import pytest

from asyncproof.checks import order, scheduling, submission
from asyncproof.facts.comparisons import in_quiet
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.settings import Settings
from asyncproof.workload.scenario import queued_up

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


def test_jobs_have_their_turn(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """Of jobs that come faster than they are drawn, none is overtaken by many or left behind."""
    history = testbed.run(queued_up(draw.jobs(QUEUED_UP), per_second=50))

    verdict = judge(history, IN_TURN)
    assert verdict.passed, verdict.explain()


def test_two_clients_share_a_miner(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A client with one job at a time has its turn beside another that floods the queue."""
    flood = [job.tagged(client="flooding") for job in draw.jobs(QUEUED_UP)]
    few = [job.tagged(client="modest") for job in draw.jobs(QUEUED_UP // 4)]
    rounds = [[*flood[n * 4 : n * 4 + 4], job] for n, job in enumerate(few)]

    history = testbed.run(queued_up(list(chain(*rounds)), per_second=50))

    verdict = judge(history, IN_TURN)
    assert verdict.passed, verdict.explain()


def test_jobs_in_a_row_take_as_long_each(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """The last of many equal jobs, one after another, is no slower than the first."""
    requests = draw.plain(max(IN_A_ROW, settings.sequential_jobs) // 2)

    history = testbed.run(in_quiet(requests))

    verdict = judge(history, [scheduling.every_job_completes, order.jobs_do_not_get_slower])
    assert verdict.passed, verdict.explain()
