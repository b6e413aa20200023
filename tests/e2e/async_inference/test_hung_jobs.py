"""Jobs that hang: in the queue, before the first step, between steps, after 100 %, or out of sight.

The suite does not wait for a job that is certain to hang; the other jobs go on meanwhile. Budgets
are the ASYNC_..._TIMEOUT settings (docs/hung-jobs.md).
"""

import pytest

from asyncproof.checks import liveness, scheduling, submission
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.settings import Settings
from asyncproof.workload.scenario import burst, whoever_asks

pytestmark = pytest.mark.families("LIV", "SCH")

LIVELY = [
    submission.every_submission_accepted,
    scheduling.every_job_ends,
    *liveness.EVERY_SIGN,
]


@pytest.mark.quick
def test_no_job_hangs_in_a_crowd(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Jobs that compete for the workers all keep moving until they end."""
    history = testbed.run(burst(draw.plain(settings.concurrent_jobs)))

    verdict = judge(history, LIVELY)
    assert verdict.passed, verdict.explain()


def test_no_job_hangs_between_many_steps(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """A job with twice the usual steps rises step by step to its end.

    But for them it is a request whose picture is known, so that it shows whether steps matter.
    """
    job = draw.neighbour(steps=2 * settings.inference_steps)

    history = testbed.run(whoever_asks([job]))

    verdict = judge(history, LIVELY)
    assert verdict.passed, verdict.explain()
