"""Results and links: the right type, the same picture everywhere, and nothing before its time."""

from dataclasses import replace

import pytest

from tests.e2e.async_inference.checks import results, scheduling
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.protocol import Paths
from tests.e2e.async_inference.scenario import Moment, Request, burst, one_after_another
from tests.e2e.async_inference.test_delivery import NO_SUCH_LORA
from tests.harness.settings import Settings

pytestmark = pytest.mark.families("RES")


def result_of_the_first_job(settings: Settings, moment: Moment) -> Request:
    path = Paths(settings.endpoint).result("{job_id}")
    return Request(probe=results.EARLY, path=path, moment=moment)


@pytest.mark.quick
def test_results_and_links(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """A result is not there too early; then it is there, of its type, and stays; so do links."""
    early = result_of_the_first_job(settings, Moment.DURING)

    history = testbed.run(burst(draw.jobs(3)).beside(early))

    verdict = judge(
        history,
        [
            scheduling.every_job_completes,
            results.completed_results_download,
            results.results_have_their_type,
            results.results_stay_the_same,
            results.image_urls_work,
            results.no_result_before_its_time,
        ],
    )
    assert verdict.passed, verdict.explain()


def test_a_failed_job_has_no_result(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """The result of a job that failed is answered 404, as long as anybody asks."""
    fails = replace(draw.job(), lora=NO_SUCH_LORA)
    request = result_of_the_first_job(settings, Moment.AFTER)

    history = testbed.run(one_after_another([fails, draw.job()]).beside(request))

    verdict = judge(history, [scheduling.every_job_ends, results.no_result_before_its_time])
    assert verdict.passed, verdict.explain()
