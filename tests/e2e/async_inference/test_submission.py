"""What a miner owes at the moment of submission, to good requests and to bad ones."""

import pytest

from tests.e2e.async_inference import cases
from tests.e2e.async_inference.checks import chosen_ids, refusals, submission, unusual
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.protocol import Paths
from tests.e2e.async_inference.scenario import burst, one_after_another, only
from tests.harness.settings import Settings

pytestmark = pytest.mark.families("SUB", "SEC")


@pytest.fixture
def paths(settings: Settings) -> Paths:
    return Paths(settings.endpoint)


@pytest.mark.quick
def test_submissions_are_answered_at_once(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """With all workers busy, a submission is still answered at once, by an id and working urls."""
    jobs = draw.jobs(settings.sequential_jobs)

    history = testbed.run(burst(jobs))

    verdict = judge(
        history,
        [
            submission.every_submission_accepted,
            submission.submissions_are_answered_at_once,
            submission.job_ids_are_unique,
            submission.first_status_is_legal,
            submission.status_urls_work,
            submission.result_urls_work,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.quick
def test_bad_submissions_are_refused(
    testbed: BoundTestbed, draw: Draw, judge: Judge, paths: Paths
) -> None:
    """A body that breaks a rule is refused with 4xx, breaks nothing and leaves nothing behind."""
    jobs = cases.bad_jobs(draw.job)

    history = testbed.run(burst(jobs).beside(*cases.bad_bodies(paths.submit)))

    verdict = judge(
        history,
        [
            refusals.bad_submissions_are_refused,
            refusals.bad_submissions_break_nothing,
            refusals.refused_submissions_leave_no_job,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.quick
def test_unknown_ids_are_not_found(
    testbed: BoundTestbed, draw: Draw, judge: Judge, paths: Paths
) -> None:
    """Nobody gets a status or a result for an id that no job has."""
    unknown = f"never-was-{draw.job().seed}"

    history = testbed.run(only(*cases.unknown_ids(paths.status(unknown), paths.result(unknown))))

    verdict = judge(history, [refusals.unknown_jobs_are_not_found])
    assert verdict.passed, verdict.explain()


def test_chosen_ids_are_honoured(
    testbed: BoundTestbed, draw: Draw, judge: Judge, paths: Paths
) -> None:
    """A client may name its jobs; a name in use is refused, and never given twice."""
    jobs = [cases.with_chosen_id(job, f"chosen-{job.seed}") for job in draw.jobs(3)]
    again = cases.same_id_again(paths.submit, draw.job().prompt)

    history = testbed.run(burst(jobs).beside(again))

    verdict = judge(
        history,
        [
            submission.every_submission_accepted,
            chosen_ids.chosen_ids_are_honoured,
            chosen_ids.ids_in_use_are_refused,
        ],
    )
    assert verdict.passed, verdict.explain()


def test_an_id_is_free_again_after_the_end(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A job with the id of one that has ended is a new job, with a picture of its own."""
    name = f"reused-{draw.job().seed}"
    jobs = [cases.with_chosen_id(job, name) for job in draw.jobs(2)]

    history = testbed.run(one_after_another(jobs))

    verdict = judge(history, [chosen_ids.ids_can_be_used_again])
    assert verdict.passed, verdict.explain()


def test_unusual_submissions_are_understood(
    testbed: BoundTestbed, draw: Draw, judge: Judge
) -> None:
    """Fields nobody knows, prompts nobody expects and defaults nobody sends break nothing."""
    jobs = [cases.extended(draw.job()), *cases.odd_jobs(draw.job()), cases.bare(draw.job())]

    history = testbed.run(burst(jobs))

    verdict = judge(
        history,
        [
            unusual.unknown_fields_are_ignored,
            unusual.odd_prompts_break_nothing,
            unusual.a_prompt_is_enough,
        ],
    )
    assert verdict.passed, verdict.explain()
