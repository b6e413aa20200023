"""Load that makes races show: half pictures, other jobs' pictures, lost and doubled callbacks."""

from dataclasses import replace

import pytest

from tests.e2e.async_inference.checks import images, scheduling, submission, training
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.scenario import a_training_request, burst, steady
from tests.e2e.async_inference.test_async_inference import THE_PROTOCOL
from tests.e2e.async_inference.twins import in_quiet
from tests.harness.settings import Settings

pytestmark = pytest.mark.stress

TRAINING = [training.training_is_answered, training.inference_survives_training]
UNDER_LOAD = [
    *THE_PROTOCOL,
    images.pictures_equal_their_quiet_twins,
    scheduling.jobs_overlapped,
]


@pytest.mark.quick
@pytest.mark.families("SUB", "POL", "SCH", "CBK", "IMG", "RES", "IDN")
def test_rapid_concurrent_inference(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Jobs submitted in the same instant do not cut each other's pictures short."""
    requests = draw.jobs(min(settings.twins, settings.concurrent_jobs))
    jobs = [requests[n % len(requests)] for n in range(settings.concurrent_jobs)]

    testbed.run(in_quiet(requests))
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
