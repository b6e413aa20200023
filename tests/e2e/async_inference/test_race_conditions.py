"""Load that makes races show: half pictures, other jobs' pictures, lost and doubled callbacks."""

from dataclasses import replace

import pytest

from tests.e2e.async_inference.checks import scheduling, submission, training
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.scenario import a_training_request, burst, steady
from tests.e2e.async_inference.test_async_inference import THE_PROTOCOL
from tests.harness.settings import Settings

pytestmark = pytest.mark.stress

TRAINING = [training.training_is_answered, training.inference_survives_training]
UNDER_LOAD = [*THE_PROTOCOL, scheduling.jobs_overlapped]


@pytest.mark.quick
@pytest.mark.families("SUB", "POL", "SCH", "CBK", "IMG", "RES", "IDN")
def test_rapid_concurrent_inference(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Jobs submitted in the same instant do not cut each other's pictures short."""
    jobs = draw.jobs(settings.concurrent_jobs)

    history = testbed.run(burst(jobs))

    verdict = judge(history, UNDER_LOAD)
    assert verdict.passed, verdict.explain()


@pytest.mark.families("SUB", "POL", "SCH", "CBK", "IMG", "RES", "IDN")
def test_rapid_sequential_different_loras(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Requests that follow each other at once, each with another LoRA, do not mix."""
    loras = [None, *testbed.loras]
    one = draw.job()
    jobs = [
        replace(one, lora=loras[n % len(loras)], seed=(one.seed or 0) + n // len(loras))
        for n in range(settings.sequential_jobs)
    ]

    history = testbed.run(steady(jobs, per_second=20))

    verdict = judge(history, THE_PROTOCOL)
    assert verdict.passed, verdict.explain()


@pytest.mark.families("SUB", "TRN")
def test_training_interference(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Training that begins while jobs are in flight neither fails, hangs nor spoils them."""
    jobs = draw.jobs(settings.sequential_jobs)

    history = testbed.run(burst(jobs).beside(a_training_request()))

    verdict = judge(history, [submission.every_submission_accepted, *TRAINING])
    assert verdict.passed, verdict.explain()
