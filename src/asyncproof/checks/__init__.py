"""All checks of the suite: every ``@check`` in the modules of :data:`FAMILIES`."""

from asyncproof.checks import (
    addressing,
    arrival,
    chosen_ids,
    consistency,
    delivery,
    expiry,
    health,
    identity,
    images,
    liveness,
    order,
    payload,
    polling,
    progress,
    receivers,
    refusals,
    results,
    retrying,
    scheduling,
    secrecy,
    settling,
    statements,
    submission,
    timestamps,
    training,
    unusual,
)
from asyncproof.harness.verdict import Check
from asyncproof.history.history import History

FAMILIES = (
    submission,
    chosen_ids,
    refusals,
    unusual,
    polling,
    progress,
    timestamps,
    scheduling,
    order,
    liveness,
    arrival,
    delivery,
    addressing,
    payload,
    consistency,
    settling,
    statements,
    retrying,
    receivers,
    secrecy,
    expiry,
    health,
    images,
    results,
    identity,
    training,
)

ALL: tuple[Check[History], ...] = tuple(
    each for family in FAMILIES for each in vars(family).values() if isinstance(each, Check)
)

# Whether the engine works, by a plain job after one that it may have died of.
THE_ENGINE: tuple[Check[History], ...] = (
    health.health_tells_when_nothing_works,
    scheduling.one_job_does_not_end_all_work,
)

BY_NAME = {each.name: each for each in ALL}

# What one ordinary job has to keep, whatever else a scenario is about.
THE_PROTOCOL: tuple[Check[History], ...] = (
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
)
