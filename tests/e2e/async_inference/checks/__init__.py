"""All checks of the suite, in the order of the contract; a new check gets its row here."""

from tests.e2e.async_inference.checks import (
    delivery,
    identity,
    images,
    liveness,
    polling,
    results,
    scheduling,
    submission,
    training,
)
from tests.e2e.async_inference.run_history import RunHistory
from tests.harness.verdict import Check

ALL: tuple[Check[RunHistory], ...] = (
    submission.every_submission_accepted,
    submission.job_ids_are_unique,
    polling.status_words_are_legal,
    polling.every_poll_is_answered,
    scheduling.every_job_ends,
    scheduling.every_job_completes,
    scheduling.jobs_overlapped,
    *liveness.EVERY_SIGN,
    delivery.every_job_is_delivered,
    delivery.callbacks_carry_their_secret,
    delivery.one_delivery_per_job,
    delivery.claimed_deliveries_arrived,
    delivery.received_callbacks_are_reported,
    delivery.payload_status_is_told,
    delivery.callback_section_settles,
    images.completed_jobs_deliver_a_picture,
    images.every_image_whole,
    results.completed_results_download,
    results.results_stay_the_same,
    results.callback_image_equals_result,
    identity.different_requests_different_pictures,
    training.training_is_answered,
    training.inference_survives_training,
)

BY_NAME = {check.name: check for check in ALL}
