"""The callback: to the right place, once, complete, and with its outcome reported truthfully."""

from dataclasses import replace

import pytest

from asyncproof.checks import (
    THE_PROTOCOL,
    addressing,
    arrival,
    consistency,
    delivery,
    payload,
    results,
    retrying,
    scheduling,
    settling,
    statements,
    submission,
)
from asyncproof.facts.comparisons import idle
from asyncproof.nemesis import LongAnswer
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.settings import Settings
from asyncproof.workload.scenario import CallbackTo, burst, mingling, one_after_another
from asyncproof.workload.special_cases import with_unknown_lora

pytestmark = pytest.mark.families("CBK", "SCH")

THE_CALLBACK = [
    addressing.callbacks_go_to_their_own_url,
    addressing.no_callback_is_an_orphan,
    payload.callbacks_are_multipart_posts,
    payload.callbacks_have_their_fields,
    payload.callback_status_is_the_jobs,
    payload.pictures_are_named_as_what_they_are,
    payload.completed_at_is_the_jobs,
    statements.previews_are_of_the_real_answer,
    statements.attempts_have_plausible_times,
    consistency.callbacks_do_not_contradict_themselves,
    settling.callback_section_comes_soon,
    results.callback_links_work,
    retrying.not_delivered_while_worked_on,
    retrying.no_retry_storm,
    retrying.no_job_runs_twice,
]
WHAT_WAS_SENT = [
    scheduling.every_job_ends,
    arrival.every_job_is_delivered,
    delivery.callbacks_carry_their_secret,
    delivery.one_delivery_per_job,
    payload.callbacks_are_multipart_posts,
    payload.callback_status_is_the_jobs,
    payload.callbacks_have_their_fields,
    consistency.callbacks_do_not_contradict_themselves,
    delivery.payload_status_is_told,
]


@pytest.mark.quick
def test_callbacks_of_many_jobs(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Each of several jobs delivers one whole callback to its own url, and none gets another's."""
    jobs = draw.plain(settings.sequential_jobs)

    history = testbed.run(burst(jobs))

    verdict = judge(history, [*THE_PROTOCOL, *THE_CALLBACK])
    assert verdict.passed, verdict.explain()


def test_callback_to_the_plain_url(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """Where all jobs share one url, each callback says by its job_id whose it is."""
    jobs = draw.plain(2, callback=CallbackTo.PLAIN_URL)

    history = testbed.run(one_after_another(idle(jobs)))

    verdict = judge(history, [*THE_CALLBACK, arrival.every_job_is_delivered])
    assert verdict.passed, verdict.explain()


def test_jobs_without_a_callback_url(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A job that asked for no callback sends none, says so, and has its result all the same."""
    with_callback = draw.neighbour()
    bare = replace(with_callback, seed=None, callback=CallbackTo.NOWHERE)

    history = testbed.run(one_after_another(idle([with_callback, bare])))

    verdict = judge(
        history,
        [
            submission.every_submission_accepted,
            scheduling.every_job_completes,
            delivery.no_url_no_callback,
            addressing.no_callback_is_an_orphan,
            addressing.callbacks_go_to_their_own_url,
            results.completed_results_download,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.last
def test_failures_are_delivered_too(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A job that fails delivers its failure, with the reason, beside jobs that complete."""
    (good,) = draw.plain(1, any_picture=True)
    jobs = [with_unknown_lora(good), good]

    history = testbed.run(burst(jobs))

    verdict = judge(history, [*WHAT_WAS_SENT, payload.failures_say_why])
    assert verdict.passed, verdict.explain()


def test_a_long_answer_is_previewed(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """Of a long answer of the receiver, the miner shows the first 500 characters."""
    history = testbed.run(mingling([draw.job()]), LongAnswer())

    verdict = judge(
        history,
        [statements.previews_are_of_the_real_answer, delivery.received_callbacks_are_reported],
    )
    assert verdict.passed, verdict.explain()
