"""The protocol once, from submission to verdict, with the shared secret and the plain url."""

import pytest

from tests.e2e.async_inference.checks import (
    arrival,
    delivery,
    identity,
    images,
    liveness,
    polling,
    results,
    scheduling,
    submission,
)
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.scenario import CallbackTo, one_after_another

THE_PROTOCOL = [
    submission.every_submission_accepted,
    submission.job_ids_are_unique,
    polling.status_words_are_legal,
    polling.every_poll_is_answered,
    scheduling.every_job_ends,
    *liveness.EVERY_SIGN,
    scheduling.every_job_completes,
    arrival.every_job_is_delivered,
    delivery.callbacks_carry_their_secret,
    delivery.one_delivery_per_job,
    delivery.callback_section_settles,
    arrival.claimed_deliveries_arrived,
    delivery.received_callbacks_are_reported,
    delivery.payload_status_is_told,
    images.completed_jobs_deliver_a_picture,
    images.every_file_whole,
    images.pictures_do_not_look_damaged_throughout,
    images.no_picture_looks_damaged,
    results.completed_results_download,
    results.results_stay_the_same,
    results.callback_image_equals_result,
    identity.different_requests_different_pictures,
]


@pytest.mark.quick
@pytest.mark.families("SUB", "POL", "SCH", "CBK", "IMG", "RES", "IDN")
def test_async_inference(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A job is accepted, polled to its end, delivered with its secret, and can be downloaded."""
    job = draw.job(callback=CallbackTo.PLAIN_URL)

    history = testbed.run(one_after_another([job]))

    verdict = judge(history, THE_PROTOCOL)
    assert verdict.passed, verdict.explain()
