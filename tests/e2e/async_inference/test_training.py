"""Training beside inference: what comes after it is as good and as fast as what came before."""

import pytest

from tests.e2e.async_inference.checks import scheduling, training
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.scenario import Moment, a_training_request, one_after_another

pytestmark = pytest.mark.families("TRN")


def test_inference_after_training(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """The same request gives the same picture, about as fast, before and after a training."""
    jobs = [draw.job()] * 6

    history = testbed.run(one_after_another(jobs).beside(a_training_request(Moment.HALFWAY)))

    verdict = judge(
        history,
        [
            scheduling.every_job_completes,
            training.training_is_answered,
            training.pictures_after_training_are_as_before,
            training.training_does_not_stop_inference,
        ],
    )
    assert verdict.passed, verdict.explain()
