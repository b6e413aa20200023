"""What findings say, on hand-written histories: each names the cause that was observed.

A row is a check, a history, and words that stand in its one finding and in the advice with it.
"""

import pytest

from asyncproof.checks import BY_NAME
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    CallbackSection,
    Delivered,
    Downloaded,
    Examined,
    Polled,
    Probed,
    Submitted,
)
from asyncproof.history.job_health import JobHealth, Stage
from asyncproof.workload.expiries import EXPIRY, Expiry
from asyncproof.workload.special_cases import (
    CASE,
    HEALTH_BUSY,
    HEALTH_IDLE,
    MEANT,
    STATUS_URL,
    UNKNOWN_ID,
    Meant,
)
from tests.support.histories import (
    SILENT,
    a_picture,
    good_job,
    plus,
    probed,
    scenario,
    spoiled,
    without,
)
from tests.support.words import (
    BEGAN,
    OTHER,
    Row,
    answered,
    assert_told,
    blank,
    drawn,
    expired,
    hangs,
    job,
    of,
    pair,
    refused,
)

AT_HALF = Polled(at=0.9, job="job_001", took=0.0, status_code=200, progress=50)

ROWS: list[Row] = [
    # LIV
    (
        "every_job_stays_in_sight",
        [job(hangs(JobHealth.DEAD, Stage.QUEUED, error="no answer within 3 s"))],
        "got none for 1.5 s, though its callback came all the same: job_001 seems to be stuck",
        "the status route hangs",
    ),
    (
        "every_job_makes_progress",
        [job(hangs(JobHealth.STALLED, Stage.STEPPING, 42))],
        "got none for 8.0 s at 42 %, while polls are answered: job_001 seems to be stuck",
        "raise ASYNC_STEP_TIMEOUT",
    ),
    (
        "every_job_makes_progress",
        [job(hangs(JobHealth.STALLED, Stage.STEPPING, 42, 41, 40))],
        "got a percentage that moves, but not above 42 % for 8.0 s",
        "what computes the percentage",
    ),
    (
        "every_job_makes_progress",
        [job(hangs(JobHealth.STALLED, Stage.STEPPING, 42, 41, 41))],
        "got none for 8.0 s at 42 %, while polls are answered: job_001 seems to be stuck",
        "raise ASYNC_STEP_TIMEOUT",
    ),
    (
        "every_job_makes_progress",
        [job(hangs(JobHealth.STALLED, Stage.STARTING, 0), plus(AT_HALF))],
        "got none for 8.0 s at 0 % (it had shown 50 %), while polls are answered: job_001 seems",
        "what starts this job again",
    ),
    (
        "the_queue_moves",
        [job(hangs(JobHealth.STARVING, Stage.QUEUED))],
        "expected to be begun, got still queued after 8.0 s, while nothing is worked on",
        "dropped from the queue",
    ),
    # IDN
    ("different_requests_different_pictures", pair(seed=8), "", "`seed` is not used"),
    (
        "different_requests_different_pictures",
        [*pair(seed=8), drawn("job_003", "b", 6.0, seed=9)],
        "",
        "is shared between jobs",
    ),
    ("different_requests_different_pictures", pair(seed=8, prompt="x"), "", "is shared"),
    (
        "different_requests_different_pictures",
        [*pair(seed=8), [blank("a")]],
        "",
        "both are blank: see IMG-2",
    ),
    ("loras_matter", pair(lora_path="ink"), "this of LoRA ink", "was not applied"),
    (
        "loras_matter",
        [drawn("job_001", "a", 0.0, seed=7, lora_path="ink"), drawn("job_002", "a", 3.0, seed=7)],
        "this of no LoRA",
        "still loaded: see IDN-5",
    ),
    # SUB
    (
        "every_submission_accepted",
        [job(of(Answered, job_id=None))],
        "got 202",
        "name the job in this answer",
    ),
    (
        "status_urls_work",
        [job(answered(STATUS_URL, 200, job_id="id-job_002")), OTHER],
        "the status of job_002 (id-job_002)",
        "a variable that requests share",
    ),
    ("status_urls_work", [job(answered(STATUS_URL, 404))], "answered 404", "must be a path"),
    (
        "bad_submissions_are_refused",
        [refused("huge width")],
        f"got these accepted: huge width (width: 1000000) (the first answer: 202 '{120 * 'x'}…')",
        "do not round or limit",
    ),
    ("bad_submissions_are_refused", [refused("height a word")], "'tall'", "name the wrong field"),
    (
        "bad_submissions_break_nothing",
        [refused("no prompt", 500)],
        "expected 4xx for each, got 500 for these: no prompt (",
        "",
    ),
    ("unknown_jobs_are_not_found", [job(answered(UNKNOWN_ID, 500))], "", "answer 404"),
    ("unknown_jobs_are_not_found", [job(answered(UNKNOWN_ID, 200))], "", "mistypes an id"),
    # EXP
    (
        "nothing_after_expiry",
        [
            expired(
                Expiry.PAST,
                plus(
                    Polled(
                        at=1.0,
                        job="job_001",
                        took=0.0,
                        status="processing",
                        callback=CallbackSection(status="expired"),
                    )
                ),
            )
        ],
        "it came 1.5 s after submission, though the miner had said 'expired'",
        "",
    ),
    ("offsets_are_understood", [expired(Expiry.OFFSET_PAST)], "", "perhaps the offset is cut off"),
    (
        "malformed_expiries_are_refused",
        [expired(Expiry.MALFORMED, of(Answered, status_code=500, body="oh no"))],
        "got 500 'oh no'",
        "catch the error",
    ),
    # RES, POL, SEC, HLT
    (
        "image_urls_work",
        [
            job(
                plus(
                    Downloaded(
                        at=1.9,
                        job="job_001",
                        what="image_url",
                        url="/x.png",
                        took=0.0,
                        status_code=200,
                        file=a_picture("job_002"),
                    )
                )
            ),
            OTHER,
        ],
        "got the picture of job_002 (id-job_002) (/x.png)",
        "made from another job's id",
    ),
    (
        "no_result_before_its_time",
        [
            job(
                of(Polled, status="failed"),
                plus(
                    Probed(
                        at=1.9,
                        probe="result too early",
                        method="GET",
                        path="/inference/result/id-job_001",
                        took=0.0,
                        status_code=500,
                    )
                ),
            )
        ],
        "got 500",
        "a failed job has no picture",
    ),
    (
        "every_poll_is_answered",
        [job(of(Polled, status_code=500, status=None, body='{"detail": "oh no"}'))],
        """got 500 '{"detail": "oh no"}'""",
        "the status route raises",
    ),
    ("every_poll_is_answered", [job(of(Polled, status_code=404))], "got 404", "known at once"),
    (
        "every_poll_is_answered",
        [job(of(Polled, problems=("JSON that breaks off",)))],
        "got 200, JSON that breaks off",
        "read while it is written",
    ),
    (
        "times_are_plausible",
        [job(of(Polled, completed_at="2026-01-01T02:00:01Z"))],
        "expected completed_at no later than the answer that shows it",
        "whole hours",
    ),
    (
        "times_are_plausible",
        [job(of(Polled, completed_at="2026-01-01T00:20:01Z"))],
        "1199 s later than that answer",
        "set the clock",
    ),
    (
        "refusals_do_not_repeat_the_secret",
        [job(of(Answered, status_code=422, job_id=None, leaks_secret=True))],
        "got the secret in the answer that refused the job",
        "do not repeat the submitted body",
    ),
    (
        "secrets_are_told_to_nobody",
        [
            job(
                of(Polled, leaks_secret=True),
                plus(probed("page", 200, path="/status/id-job_001", leaks_secret=True)),
            )
        ],
        "got the secret in the status",
        "callback_secret_provided",
    ),
    (
        "secrets_are_told_to_nobody",
        [
            job(
                of(
                    Polled,
                    leaks_secret=True,
                    callback=CallbackSection(status="failed", error="X-Callback-Secret: [secret]"),
                )
            )
        ],
        "got the secret in callback.error of the status",
        "the text of an exception",
    ),
    (
        "every_job_ends",
        [
            [
                *(e for e in job() if isinstance(e, Submitted | Answered)),
                Polled(at=0.5, job="job_001", took=0.0, status_code=200, status="processing"),
                Polled(at=2.0, job="job_001", took=0.0, status_code=404, body="no such job"),
                SILENT,
            ]
        ],
        "got 404 'no such job' from 2.0 s after submission on, though it was processing before",
        "accepted jobs were forgotten",
    ),
    (
        "completed_jobs_deliver_a_picture",
        [
            job(
                of(
                    Delivered,
                    image=None,
                    fields={"job_id": "id-job_001", "status": "completed", "image_url": "/out/x"},
                ),
                plus(
                    Downloaded(
                        at=1.9,
                        job="job_001",
                        what="callback image_url",
                        url="/out/x",
                        took=0.0,
                        status_code=404,
                    )
                ),
            )
        ],
        "no picture, and a link that leads nowhere: '/out/x' (404)",
        "the miner's own disk",
    ),
    (
        "healthy_when_idle",
        [job(plus(probed(HEALTH_IDLE, 503, at=0.0, body='{"status": "healthy"}')))],
        "got 503",
        "make code and body agree",
    ),
    (
        "healthy_when_busy",
        [job(plus(probed(HEALTH_BUSY, 503, at=0.15, body='{"status": "healthy"}')))],
        "got 503",
        "make code and body agree",
    ),
    # TRN
    (
        "inference_survives_training",
        [[*without(job(plus(probed("train", 202, at=0.05))), Polled)]],
        "got no status of it",
        "separate them",
    ),
    # IMG
    (
        "every_file_whole",
        [job(of(Examined, defects=("type: bytes are PNG, against the Content-Type image/jpeg",)))],
        "expected Content-Type image/png, as the bytes are",
        "",
    ),
    (
        "every_file_whole",
        [job(of(Examined, defects=("rows: pixel stream ends early",)))],
        "expected a whole file",
        "the encoder got half a picture",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{n}-{row[0]}" for n, row in enumerate(ROWS)])
def test_a_finding_names_what_was_observed(row: Row) -> None:
    assert_told(row)


def test_where_no_expiry_is_kept_the_other_clauses_point_there() -> None:
    jobs = [expired(Expiry.PAST), spoiled(OTHER, Submitted, tags={EXPIRY: Expiry.OFFSET_PAST})]
    (finding,) = BY_NAME["offsets_are_understood"](build([BEGAN, *scenario(*jobs)])).findings
    assert finding.advice.startswith("see EXP-2 first; then perhaps")


def test_one_cause_of_unreadable_polls_is_told_once() -> None:
    cut = [
        spoiled(good_job(f"job_{n}", at=n / 10), Polled, problems=(f"JSON that breaks off at {n}",))
        for n in (7, 11)
    ]
    findings = BY_NAME["every_poll_is_answered"](build(scenario(*cut))).findings
    assert len({finding.cause for finding in findings}) == 1


def test_bad_submissions_with_one_outcome_are_one_finding() -> None:
    raw = {MEANT: Meant.REFUSED, CASE: "no JSON"}
    taken = plus(probed("bad body", 202, job_id="x", tags=raw))
    (finding,) = BY_NAME["bad_submissions_are_refused"](
        build(scenario(taken(refused("zero height"))))
    ).findings
    assert "zero height (height: 0), a body that is no JSON" in finding.actual
