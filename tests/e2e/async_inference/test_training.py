"""Training beside inference: what comes after it is as good and as fast as what came before."""

import pytest

from asyncproof.checks import liveness, polling, scheduling, submission, training
from asyncproof.facts.comparisons import in_quiet
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.workload.scenario import Moment, a_training_request, one_after_another

# Seconds that the last job waits for the end of the training; a longer one is tested beside jobs.
LONGEST_TRAINING = 60.0
pytestmark = pytest.mark.families("TRN")


def test_inference_after_training(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """The same request gives the same picture, about as fast, before, beside and after a training;
    all the while the miner answers."""
    one = draw.neighbour()
    jobs = [*in_quiet([one]).jobs, *[one] * 2]
    halfway = a_training_request(testbed.dialect.training, Moment.HALFWAY, awaited=LONGEST_TRAINING)

    history = testbed.run(one_after_another(jobs).beside(halfway))

    verdict = judge(
        history,
        [
            submission.every_submission_accepted,
            submission.submissions_are_answered_at_once,
            polling.every_poll_is_answered,
            liveness.every_job_stays_in_sight,
            scheduling.every_job_ends,
            scheduling.every_job_completes,
            training.training_is_answered,
            training.pictures_after_training_are_as_before,
            training.training_does_not_stop_inference,
        ],
    )
    assert verdict.passed, verdict.explain()
