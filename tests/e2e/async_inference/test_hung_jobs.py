"""Jobs that hang: in the queue, before the first step, between steps, after 100 %, or out of sight.

The suite does not wait for a job that is certain to hang; the other jobs go on meanwhile. Budgets
are the ASYNC_..._TIMEOUT settings (docs/hung-jobs.md).
"""

import pytest

from tests.e2e.async_inference.checks import liveness, scheduling, submission
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.scenario import burst, one_after_another
from tests.harness.settings import Settings

pytestmark = pytest.mark.families("LIV", "SCH")

LIVELY = [
    submission.every_submission_accepted,
    scheduling.every_job_ends,
    *liveness.EVERY_SIGN,
]


def test_no_job_hangs_in_a_crowd(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Jobs that compete for the workers all keep moving until they end."""
    history = testbed.run(burst(draw.jobs(settings.concurrent_jobs)))

    verdict = judge(history, LIVELY)
    assert verdict.passed, verdict.explain()


@pytest.mark.quick
def test_no_job_hangs_between_many_steps(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """A job with twice the usual steps rises step by step to its end."""
    job = draw.job(steps=2 * settings.inference_steps)

    history = testbed.run(one_after_another([job]))

    verdict = judge(history, LIVELY)
    assert verdict.passed, verdict.explain()


def test_no_job_hangs_with_a_lora(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Jobs that each need another LoRA, which the miner may have to fetch, keep moving."""
    if not testbed.loras:
        pytest.skip("not applicable: no LoRA is known (ASYNC_TEST_LORAS, or `loras` in /health)")
    jobs = [draw.job(lora=lora) for lora in testbed.loras[: settings.sequential_jobs]]

    history = testbed.run(burst(jobs))

    verdict = judge(history, LIVELY)
    assert verdict.passed, verdict.explain()
