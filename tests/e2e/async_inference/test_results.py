"""Results and links: the right type, the same picture everywhere, and nothing before its time."""

from dataclasses import replace

import pytest

from asyncproof.checks import results, scheduling
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.workload.needs import Need
from asyncproof.workload.scenario import Moment, Request, burst, one_after_another
from asyncproof.workload.special_cases import ID_OF_THE_FIRST, to_fail

pytestmark = pytest.mark.families("RES")


def result_of_the_first_job(testbed: BoundTestbed, moment: Moment) -> list[Request]:
    asked = testbed.dialect.result(ID_OF_THE_FIRST)
    needs = frozenset({Need.RESULT_PATHS})
    if asked is None:
        return []
    tags = ((results.OF_JOB, ID_OF_THE_FIRST),)
    request = Request(probe=results.EARLY, path=asked.path, moment=moment, tags=tags, needs=needs)
    return [replace(request, method=asked.method)]


@pytest.mark.quick
def test_results_and_links(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A result is not there too early; then it is there, of its type, and stays; so do links."""
    early = result_of_the_first_job(testbed, Moment.DURING)

    history = testbed.run(burst(draw.plain(3)).beside(*early))

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


@pytest.mark.last
def test_a_failed_job_has_no_result(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """The result of a job that failed is answered 404, as long as anybody asks."""
    fails = one_after_another([to_fail(draw.requests()[0])])
    request = result_of_the_first_job(testbed, Moment.AFTER)

    history = testbed.run(fails.beside(*request))

    verdict = judge(history, [scheduling.every_job_ends, results.no_result_before_its_time])
    assert verdict.passed, verdict.explain()
