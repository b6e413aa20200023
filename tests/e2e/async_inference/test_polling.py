"""What the polled status says of a job, from its acceptance to a while after its end."""

import pytest

from asyncproof.checks import consistency, polling, progress, timestamps
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.settings import Settings
from asyncproof.workload import special_cases
from asyncproof.workload.scenario import burst, one_after_another

pytestmark = pytest.mark.families("POL")
# More would wait for our own connections, and the time of an answer would say nothing of the miner.
WITHOUT_WAITING_FOR_US = 50


@pytest.mark.quick
def test_a_job_can_be_followed_to_its_end(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Under load, each poll is answered quickly and readably, and the answers make one story."""
    jobs = draw.plain(min(settings.concurrent_jobs, WITHOUT_WAITING_FOR_US))

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
            consistency.completed_jobs_show_no_error,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.last
def test_a_failed_job_says_why(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A job that cannot be done ends with a reason, or is refused at once."""
    history = testbed.run(one_after_another([special_cases.to_fail(draw.requests()[0])]))

    verdict = judge(history, [polling.failures_are_explained])
    assert verdict.passed, verdict.explain()
