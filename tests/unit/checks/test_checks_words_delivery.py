"""What findings about callbacks say: each names the cause that was observed.

A row is a check, a history, and words that stand in its one finding and in the advice with it.
"""

import pytest

from asyncproof.checks import BY_NAME
from asyncproof.history.build import build
from asyncproof.history.events import (
    Delivered,
    NemesisActed,
    Polled,
)
from tests.support.histories import (
    a_picture,
    plus,
    scenario,
    spoiled,
)
from tests.support.words import (
    OTHER,
    Row,
    assert_told,
    job,
    lost,
    of,
    resets,
    section,
    stray,
)

ROWS: list[Row] = [
    # CBK: lost, or elsewhere
    (
        "every_job_is_delivered",
        [job(lost), spoiled(OTHER, Delivered, fields={"job_id": "id-job_001"})],
        "got none; it came to the url of job_002 (id-job_002)",
        "see CBK-3",
    ),
    ("every_job_is_delivered", [job(stray())], "got none; it came to POST /callback", "see CBK-3"),
    ("every_job_is_delivered", [job(lost)], "'delivered' with status_code 200", "see CBK-10"),
    (
        "every_job_is_delivered",
        [job(lost, section(status="failed", status_code=None, error="timeout")), OTHER],
        "the miner says 'failed': timeout",
        "its attempts failed",
    ),
    (
        "every_job_is_delivered",
        [job(lost, section(status="skipped")), OTHER],
        "the miner says 'skipped'",
        "look at the condition for that",
    ),
    (
        "every_job_is_delivered",
        [job(lost, section(status="expired")), OTHER],
        "the miner says 'expired'",
        "lay ahead: compare it with the present time",
    ),
    (
        "every_job_is_delivered",
        [job(lost, of(Polled, status="failed", callback=None)), OTHER],
        "says nothing",
        "on every end of a job, failures too",
    ),
    (
        "every_job_is_delivered",
        [job(lost, of(Polled, callback=None)), OTHER],
        "",
        "this one was forgotten",
    ),
    ("every_job_is_delivered", [job(lost, of(Polled, callback=None))], "", "can the miner reach"),
    ("claimed_deliveries_arrived", [job(stray())], "got one at POST /callback", "see CBK-3"),
    ("claimed_deliveries_arrived", [job(lost)], "no callback at all", "without a 2xx answer"),
    # CBK: secret, form, fields
    ("callbacks_carry_their_secret", [job(of(Delivered, secret="missing"))], "", "in the header"),
    ("callbacks_carry_their_secret", [job(of(Delivered, secret="wrong"))], "", "was changed on"),
    (
        "callbacks_carry_their_secret",
        [job(of(Delivered, secret="foreign", secret_owner="token-job_002")), OTHER],
        "the secret of job_002",
        "the wrong job",
    ),
    ("callbacks_are_multipart_posts", [job(of(Delivered, method="PUT"))], "got PUT", "with POST"),
    (
        "callbacks_are_multipart_posts",
        [job(of(Delivered, answered=415, broken="no form", content_type="application/json"))],
        "got Content-Type 'application/json'",
        "as the parts of a multipart/form-data body",
    ),
    (
        "callbacks_are_multipart_posts",
        [job(of(Delivered, answered=400, broken="a form with another", another_boundary=True))],
        "got a form with another (Content-Type 'multipart/form-data; boundary=x')",
        "from the library",
    ),
    (
        "callbacks_have_their_fields",
        [job(of(Delivered, fields={"job_id": "id-job_001", "completed_at": "x"}))],
        "expected the fields `job_id`, `status`, `completed_at`, got `status` missing",
        "",
    ),
    (
        "completed_at_is_the_jobs",
        [job(of(Polled, completed_at="2026-01-03T00:00:01Z"))],
        "2 days apart",
        "take the time once",
    ),
    # CBK: what the miner says of it
    (
        "received_callbacks_are_reported",
        [job(section(status="failed"))],
        "'failed' with status_code 200",
        "status_code is right, the word is not",
    ),
    ("received_callbacks_are_reported", [job(section(status_code=204))], "", "the answer that"),
    (
        "failed_deliveries_are_told",
        [job(section(status="skipped"), of(Delivered, answered=500))],
        "expected callback.status 'failed', since our receiver answered 500, got 'skipped'",
        "record how each delivery ended",
    ),
    (
        "failed_deliveries_are_told",
        [job(section(status="failed", status_code=None), of(Delivered, answered=500))],
        "expected callback.status_code 500, since our receiver answered 500, got no status_code",
        "",
    ),
    (
        "failed_deliveries_are_told",
        [job(section(status="failed", status_code=None), resets())],
        "expected the reason in callback.error, since our receiver gave no answer (reset by us)",
        "",
    ),
    (
        "failed_deliveries_are_told",
        [
            job(lost, section(status="skipped")),
            [NemesisActed(at=0.0, nemesis="n", act="refuses connections")],
        ],
        "since our receiver could not be reached",
        "",
    ),
    (
        "not_delivered_while_worked_on",
        [
            job(
                of(Polled, at=2.9),
                plus(Polled(at=2.2, job="job_001", took=0.0, status="processing", progress=61.97)),
            )
        ],
        "a callback 1.5 s after submission; at 2.2 s the status still said processing, 61.9 %",
        "the status is shown late",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{n}-{row[0]}" for n, row in enumerate(ROWS)])
def test_a_finding_names_what_was_observed(row: Row) -> None:
    assert_told(row)


def test_a_callback_at_a_foreign_url_is_no_mix_up_of_pictures() -> None:
    """The picture is right for the job that the callback names; the url is wrong (CBK-3)."""
    fields = {"job_id": "id-job_002", "status": "completed"}
    misled = job(of(Delivered, fields=fields, image=a_picture("job_002")))
    history = build(scenario(misled, OTHER))
    assert not BY_NAME["different_requests_different_pictures"](history).findings
    assert BY_NAME["callbacks_go_to_their_own_url"](history).findings
