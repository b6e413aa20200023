"""What scenarios need of a server, and what becomes of those that it cannot take."""

import pytest

from asyncproof.nemesis import AnswersError, Nemesis, Resets, When
from asyncproof.receiver.nemesis import QUIET
from asyncproof.workload import special_cases
from asyncproof.workload.needed import fitted
from asyncproof.workload.needs import Need
from asyncproof.workload.scenario import (
    CallbackTo,
    Job,
    Scenario,
    a_job,
    a_training_request,
    burst,
    only,
)

PLAIN = a_job(5)
JOBS: list[tuple[Job, Need]] = [
    (a_job(5, lora="ink"), Need.LORAS),
    (a_job(5, expiry="soon"), Need.EXPIRY),
    (a_job(5, job_id="mine"), Need.CHOSEN_IDS),
    (a_job(5, callback=CallbackTo.PLAIN_URL), Need.CALLBACK_IDS),
    (special_cases.other_sizes(lambda: PLAIN, (512, 512))[0], Need.SIZES),
    (special_cases.bad_jobs(lambda: PLAIN)[0], Need.REFUSALS),
    (special_cases.extended(PLAIN), Need.UNUSUAL),
    (special_cases.bare(PLAIN), Need.UNUSUAL),
    (special_cases.odd_jobs(PLAIN)[0], Need.UNUSUAL),
    (special_cases.with_hostile_ids(lambda: PLAIN)[0], Need.CLOSED_PATHS),
]


@pytest.mark.parametrize(("job", "need"), JOBS, ids=[need for _, need in JOBS])
def test_a_job_that_asks_for_what_is_not_there_is_not_sent(job: Job, need: Need) -> None:
    scenario = burst([PLAIN, job])
    assert fitted(scenario, {need: "it has none"}) == "it has none"
    assert fitted(scenario, {}) == scenario


def test_bad_submissions_need_no_chosen_ids() -> None:
    """Their ids only help to find what is left of them."""
    scenario = burst(special_cases.bad_jobs(lambda: PLAIN))
    assert fitted(scenario, {Need.CHOSEN_IDS: "it has none"}) == scenario


def test_a_bad_value_for_a_field_that_is_not_sent_makes_no_bad_submission() -> None:
    scenario = burst([*special_cases.bad_jobs(lambda: PLAIN), PLAIN])
    fit = fitted(scenario, {}, asked={"prompt", "width"})
    assert isinstance(fit, Scenario)
    cases = [dict(job.tags).get("case") for job in fit.jobs]
    assert cases == [
        "empty prompt",
        "prompt null",
        "prompt a list",
        "negative width",
        "huge width",
        "width a fraction",
        "no prompt",
        None,
    ]


def test_plain_jobs_are_sent_to_every_server() -> None:
    scenario = burst([PLAIN, PLAIN])
    assert fitted(scenario, dict.fromkeys(Need, "none")) == scenario


def test_without_callbacks_the_plain_url_is_as_good_as_any() -> None:
    scenario = burst([a_job(5, callback=CallbackTo.PLAIN_URL)])
    assert fitted(scenario, {Need.CALLBACKS: "a", Need.CALLBACK_IDS: "b"}) == scenario


HOSTILE: dict[Nemesis, list[Need]] = {
    Resets(When.BEFORE): [Need.CALLBACKS, Need.POLLING],
    AnswersError(500): [Need.CALLBACKS],  # which is read, and tells of the end itself
    QUIET: [],
}


@pytest.mark.parametrize("nemesis", HOSTILE, ids=str)
@pytest.mark.parametrize("need", [Need.CALLBACKS, Need.POLLING])
def test_hostility_needs_callbacks_and_something_that_tells_of_the_end(
    nemesis: Nemesis, need: Need
) -> None:
    fit = fitted(burst([PLAIN]), {need: "it has none"}, needs=nemesis.needs)
    assert (fit == "it has none") == (need in HOSTILE[nemesis])


def test_where_jobs_cannot_be_asked_for_each_has_a_callback() -> None:
    scenario = burst([a_job(5, callback=CallbackTo.NOWHERE), PLAIN])
    assert fitted(scenario, {Need.POLLING: "no"}) == burst([PLAIN, PLAIN])
    assert fitted(scenario, {}) == scenario


def test_requests_without_an_answer_are_left_out() -> None:
    beside = burst([PLAIN]).beside(
        a_training_request("/train"), *special_cases.health_beside_work("/health", 1.0)
    )
    fit = fitted(beside, {Need.TRAINING: "no", Need.PAGES: "no"})
    assert isinstance(fit, Scenario)
    assert [request.path for request in fit.requests] == ["/health", "/health"]


def test_where_nothing_is_left_the_reason_is_told() -> None:
    pages = only(*special_cases.open_pages(["/", "/jobs"]))
    assert fitted(pages, {Need.PAGES: "it has no pages"}) == "it has no pages"
