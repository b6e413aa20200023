"""Whose picture it is: what was asked for decides, and nothing that other jobs asked for."""

from dataclasses import replace

import pytest

from tests.e2e.async_inference.checks import identity, scheduling
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.scenario import one_after_another
from tests.e2e.async_inference.twins import in_quiet

pytestmark = pytest.mark.families("IDN")


def test_the_same_request_again(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A request gives the same picture again, and seed 0 is a seed like any other."""
    other = draw.job()
    zero = replace(other, seed=0)

    history = testbed.run(one_after_another([*in_quiet([other]).jobs, zero, zero]))

    verdict = judge(
        history,
        [
            scheduling.every_job_completes,
            identity.equal_requests_equal_pictures,
            identity.seed_zero_is_a_seed,
            identity.different_requests_different_pictures,
        ],
    )
    assert verdict.passed, verdict.explain()


def test_loras_come_and_go(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A LoRA changes the pictures of the jobs that ask for it, and of no others."""
    plain = draw.job()
    styled = [replace(plain, lora=lora) for lora in testbed.loras[:2]]
    jobs = [plain, plain, *(job for one in styled for job in (one, plain))]

    history = testbed.run(one_after_another(jobs))

    verdict = judge(
        history,
        [
            scheduling.every_job_completes,
            identity.loras_matter,
            identity.loras_do_not_stay,
            identity.different_requests_different_pictures,
        ],
    )
    assert verdict.passed, verdict.explain()
