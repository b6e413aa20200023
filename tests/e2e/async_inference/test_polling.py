"""What the polled status says of a job, from its acceptance to a while after its end."""

import pytest

from tests.e2e.async_inference import cases
from tests.e2e.async_inference.checks import polling, progress, timestamps
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.scenario import burst, one_after_another
from tests.harness.settings import Settings

pytestmark = pytest.mark.families("POL")
# More would wait for our own connections, and the time of an answer would say nothing of the miner.
WITHOUT_WAITING_FOR_US = 50


@pytest.mark.quick
def test_a_job_can_be_followed_to_its_end(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Under load, each poll is answered quickly and readably, and the answers make one story."""
    jobs = draw.jobs(min(settings.concurrent_jobs, WITHOUT_WAITING_FOR_US))

    history = testbed.run(burst(jobs))

    verdict = judge(
        history,
        [
            polling.status_words_are_legal,
            polling.order_never_goes_backwards,
            polling.terminal_is_final,
            progress.progress_is_a_percentage,
            progress.progress_does_not_fall,
            timestamps.the_end_has_a_time,
            timestamps.times_are_iso_8601,
            timestamps.times_have_an_offset,
            timestamps.times_are_plausible,
            polling.answers_are_for_the_right_job,
            polling.every_poll_is_answered,
            polling.status_answers_quickly,
        ],
    )
    assert verdict.passed, verdict.explain()


def test_a_failed_job_says_why(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A job that cannot be done ends with a reason, or is refused at once."""
    history = testbed.run(one_after_another([cases.to_fail(draw.job())]))

    verdict = judge(history, [polling.failures_are_explained])
    assert verdict.passed, verdict.explain()
