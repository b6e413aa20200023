"""Load that makes races show: half pictures, other jobs' pictures, lost and doubled callbacks."""

from dataclasses import replace

import pytest

from asyncproof.checks import (
    THE_PROTOCOL,
    images,
    liveness,
    polling,
    scheduling,
    submission,
    training,
)
from asyncproof.facts.comparisons import in_quiet
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.settings import Settings
from asyncproof.workload.scenario import a_training_request, burst, steady

pytestmark = pytest.mark.stress

BESIDE_A_TRAINING = 2
TRAINING = [
    training.training_is_answered,
    training.inference_survives_training,
    polling.status_answers_quickly,
    liveness.every_job_stays_in_sight,
]
UNDER_LOAD = [
    *THE_PROTOCOL,
    images.pictures_equal_their_idle_references,
    scheduling.jobs_overlapped,
]


@pytest.mark.quick
@pytest.mark.families("SUB", "POL", "SCH", "CBK", "IMG", "RES", "IDN")
def test_rapid_concurrent_inference(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Jobs submitted in the same instant do not cut each other's pictures short."""
    jobs = draw.plain(settings.concurrent_jobs)
    requests = list(dict.fromkeys(jobs))

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
    one = draw.neighbour()
    jobs = [replace(one, lora=loras[n % len(loras)]) for n in range(settings.sequential_jobs)]

    history = testbed.run(steady(jobs, per_second=20))

    verdict = judge(history, THE_PROTOCOL)
    assert verdict.passed, verdict.explain()


@pytest.mark.families("SUB", "TRN")
def test_training_interference(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Training that begins while jobs are in flight neither fails, hangs nor spoils them."""
    count = min(BESIDE_A_TRAINING, settings.sequential_jobs)
    jobs = draw.jobs(count, small=True, any_picture=True)

    history = testbed.run(burst(jobs).beside(a_training_request(testbed.dialect.training)))

    verdict = judge(history, [submission.every_submission_accepted, *TRAINING])
    assert verdict.passed, verdict.explain()
