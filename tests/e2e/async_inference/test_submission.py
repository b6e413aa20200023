"""What a miner owes at the moment of submission, to good requests and to bad ones."""

import pytest

from asyncproof.checks import chosen_ids, refusals, submission, unusual
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.settings import Settings
from asyncproof.workload import special_cases
from asyncproof.workload.scenario import Scenario, burst, one_after_another, only

pytestmark = pytest.mark.families("SUB", "SEC")


def one_id_again_and_again(testbed: BoundTestbed, settings: Settings, draw: Draw) -> Scenario:
    """An id that is asked for once more while its job is in flight, and again when that ended."""
    jobs = draw.plain(2, brief=False, any_picture=True)
    width, height = settings.image_size
    asked = {"prompt": jobs[0].prompt, "seed": 1, "width": width, "height": height}
    out = testbed.dialect.submission({**asked, "job_id": special_cases.ID_OF_THE_FIRST})
    again = special_cases.same_id_again(out.query.path, out.body)
    twice = special_cases.with_an_id_twice(jobs, f"chosen-{draw.requests()[-1].seed}")
    return one_after_another(twice).beside(again)


@pytest.mark.quick
def test_submissions_are_answered_at_once(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """With all workers busy, a submission is still answered at once, by an id and working urls."""
    jobs = draw.plain(settings.sequential_jobs)

    history = testbed.run(burst(jobs))

    verdict = judge(
        history,
        [
            submission.every_submission_accepted,
            submission.submissions_are_answered_at_once,
            submission.submissions_are_not_redirected,
            submission.job_ids_are_unique,
            submission.first_status_is_legal,
            submission.status_urls_work,
            submission.result_urls_work,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.quick
@pytest.mark.last
def test_bad_submissions_are_refused(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A body that breaks a rule is refused with 4xx, breaks nothing and leaves nothing behind."""
    jobs = special_cases.bad_jobs(draw.job)
    bodies = special_cases.bad_bodies(testbed.dialect.profile.submit)

    history = testbed.run(burst(jobs).beside(*bodies))

    verdict = judge(
        history,
        [
            refusals.bad_submissions_are_refused,
            refusals.empty_prompts_are_refused,
            refusals.bad_submissions_break_nothing,
            refusals.refused_submissions_leave_no_job,
            refusals.refused_jobs_break_no_status,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.quick
def test_unknown_ids_are_not_found(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """Nobody gets a status or a result for an id that no job has."""
    asked = testbed.dialect.questions(f"never-was-{draw.job().seed}")

    history = testbed.run(only(*special_cases.unknown_ids(asked)))

    verdict = judge(history, [refusals.unknown_jobs_are_not_found])
    assert verdict.passed, verdict.explain()


def test_chosen_ids_are_honoured(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """A client may name its jobs; a name in use is refused, and never given twice."""
    history = testbed.run(one_id_again_and_again(testbed, settings, draw))

    verdict = judge(
        history,
        [
            submission.every_submission_accepted,
            chosen_ids.chosen_ids_are_honoured,
            chosen_ids.ids_in_use_are_refused,
        ],
    )
    assert verdict.passed, verdict.explain()


def test_an_id_is_free_again_after_the_end(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """A job with the id of one that has ended is a new job, with a picture of its own."""
    history = testbed.run(one_id_again_and_again(testbed, settings, draw))

    verdict = judge(history, [chosen_ids.ids_can_be_used_again])
    assert verdict.passed, verdict.explain()


@pytest.mark.last(2)
def test_unusual_submissions_are_understood(
    testbed: BoundTestbed, draw: Draw, judge: Judge
) -> None:
    """Fields nobody knows, prompts nobody expects and defaults nobody sends break nothing."""
    many_scripts, *killing = special_cases.odd_jobs(draw.job())
    harmless = [special_cases.extended(draw.job()), special_cases.bare(draw.job()), many_scripts]
    jobs = special_cases.harmless_between(killing, harmless)

    history = testbed.run(special_cases.each_looked_after(jobs, draw.job))

    verdict = judge(
        history,
        [
            unusual.unknown_fields_are_ignored,
            unusual.odd_prompts_break_nothing,
            unusual.a_prompt_is_enough,
        ],
    )
    assert verdict.passed, verdict.explain()
