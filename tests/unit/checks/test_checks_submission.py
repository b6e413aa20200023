"""SUB on hand-written histories: what each check reports, and what it is blind to."""

from typing import Any

import msgspec
import pytest

from asyncproof.checks import chosen_ids, refusals, submission, unusual
from asyncproof.harness.verdict import Outcome
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Delivered,
    Downloaded,
    Examined,
    FellBehind,
    Polled,
    RunStarted,
    Spoken,
    Submitted,
)
from asyncproof.workload.special_cases import (
    CASE,
    HUGE_PROMPT,
    ID_IN_USE,
    MEANT,
    REFUSED_JOB,
    STATUS_URL,
    UNKNOWN_ID,
    Meant,
)
from tests.support.histories import (
    SILENT,
    Family,
    Spoil,
    a_picture,
    good_job,
    plus,
    probed,
    scenario,
    spoiled,
    tagged,
    without,
)

FAMILY = Family(
    submission.submissions_are_answered_at_once,
    submission.no_submission_waits_while_the_miner_answers,
    submission.status_urls_work,
    submission.result_urls_work,
    submission.first_status_is_legal,
    refusals.bad_submissions_are_refused,
    refusals.bad_submissions_break_nothing,
    refusals.empty_prompts_are_refused,
    refusals.refused_submissions_leave_no_job,
    refusals.unknown_jobs_are_not_found,
    refusals.refused_jobs_break_no_status,
    chosen_ids.chosen_ids_are_honoured,
    chosen_ids.ids_in_use_are_refused,
    chosen_ids.ids_can_be_used_again,
    unusual.unknown_fields_are_ignored,
    unusual.odd_prompts_break_nothing,
    unusual.a_prompt_is_enough,
)


def refused(code: int | None, **answer: Any) -> Spoil:
    """The job is a bad submission that was answered with this code."""

    def spoil(events: list[AsyncEvent]) -> list[AsyncEvent]:
        kept = [
            e for e in tagged(events, Meant.REFUSED, "x") if isinstance(e, Submitted | Answered)
        ]
        return spoiled(kept, Answered, status_code=code, **{"job_id": None, **answer})

    return spoil


def meant(purpose: Meant, *spoils: Spoil) -> Spoil:
    def spoil(events: list[AsyncEvent]) -> list[AsyncEvent]:
        events = tagged(events, purpose, "x")
        for one in spoils:
            events = one(events)
        return events

    return spoil


def about(probe: str, code: int | None, **changes: Any) -> Spoil:
    tags = {"job": "job_001", CASE: "id-job_001", **changes.pop("tags", {})}
    return plus(probed(probe, code, at=changes.pop("at", 5.0), tags=tags, **changes))


def result_url(code: int, picture: str = "") -> Spoil:
    file = a_picture(picture) if picture else None
    return plus(
        Downloaded(
            at=3, job="job_001", what="result_url", url="/r", took=0, status_code=code, file=file
        )
    )


def asks_for(job_id: str) -> Spoil:
    return lambda e: spoiled(e, Submitted, request={"job_id": job_id})


def never_ended(events: list[AsyncEvent]) -> list[AsyncEvent]:
    return [e for e in events if not (isinstance(e, Polled) and e.status == "completed")]


def at_work_until(at: float) -> Spoil:
    return plus(Polled(at=at, job="job_001", took=0.0, status_code=200, status="processing"))


RAW = {MEANT: Meant.REFUSED, CASE: "no JSON"}
SPOILED: list[tuple[str, Spoil, set[str]]] = [
    ("correct", lambda e: e, set()),
    ("answered after 0.9 s", lambda e: spoiled(e, Answered, took=0.9), set()),
    ("answered after 1.1 s", lambda e: spoiled(e, Answered, took=1.1), {"SUB-2"}),
    (
        "a slow answer to a long job",
        lambda e: spoiled(spoiled(e, Answered, took=1.1), Polled, at=6.0),
        set(),
    ),
    ("empty prompt taken", lambda e: tagged(e, Meant.REFUSED, "empty prompt"), {"SUB-19"}),
    ("first status unknown", lambda e: spoiled(e, Answered, status="new"), {"SUB-12"}),
    ("no first status", lambda e: spoiled(e, Answered, status=None), set()),
    ("status_url works", about(STATUS_URL, 200, job_id="id-job_001"), set()),
    ("status_url names no job", about(STATUS_URL, 200), set()),
    ("status_url dead", about(STATUS_URL, 404), {"SUB-6"}),
    ("status_url of another", about(STATUS_URL, 200, job_id="other"), {"SUB-6"}),
    ("status_url unreachable", about(STATUS_URL, None, error="refused"), {"SUB-6"}),
    ("result_url works", result_url(200, "job_001"), set()),
    ("result_url dead", result_url(404), {"SUB-7"}),
    ("result_url of another", result_url(200, "job_002"), {"SUB-7"}),
    (
        "no result at all is another clause's",
        lambda e: result_url(404)(
            [
                *without(e, Downloaded),
                Downloaded(at=2, job="job_001", what="result", url="", took=0),
            ]
        ),
        set(),
    ),
    ("refused with 422", refused(422), set()),
    ("refused with 400", refused(400), set()),
    ("refused in words only", refused(200, accepted=False), set()),
    ("bad body taken", refused(202, job_id="x"), {"SUB-8"}),
    ("bad body breaks the miner", refused(500), {"SUB-9"}),
    ("bad body unanswered", refused(None, error="reset"), {"SUB-9"}),
    ("miner not ready", refused(503), set()),
    ("no JSON refused", plus(probed("bad body", 400, tags=RAW)), set()),
    ("no JSON taken", plus(probed("bad body", 202, job_id="x", tags=RAW)), {"SUB-8"}),
    ("no JSON breaks the miner", plus(probed("bad body", 500, tags=RAW)), {"SUB-9"}),
    (
        "refused and unknown",
        lambda e: about(REFUSED_JOB, 404)(refused(422)(e)),
        set(),
    ),
    (
        "refused and yet known",
        lambda e: about(REFUSED_JOB, 200)(refused(422)(e)),
        {"SUB-10"},
    ),
    (
        "status of a refused job breaks the miner",
        lambda e: about(REFUSED_JOB, 500)(refused(422)(e)),
        {"SUB-11"},
    ),
    (
        "refused and yet delivered",
        lambda e: [*refused(422)(e), next(x for x in e if isinstance(x, Delivered))],
        {"SUB-10"},
    ),
    ("unknown id 404", about(UNKNOWN_ID, 404), set()),
    ("unknown id 200", about(UNKNOWN_ID, 200), {"SUB-11"}),
    ("unknown id 500", about(UNKNOWN_ID, 500), {"SUB-11"}),
    ("chosen id", meant(Meant.CHOSEN_ID, asks_for("id-job_001")), set()),
    ("chosen id ignored", meant(Meant.CHOSEN_ID, asks_for("mine")), {"SUB-4"}),
    (
        "id in use refused",
        meant(Meant.CHOSEN_ID, asks_for("id-job_001"), about(ID_IN_USE, 409, at=0.15)),
        set(),
    ),
    (
        "id in use taken",
        meant(
            Meant.CHOSEN_ID,
            asks_for("id-job_001"),
            about(ID_IN_USE, 202, at=0.15, job_id="id-job_001"),
        ),
        {"SUB-5"},
    ),
    (
        "id in use breaks the miner",
        meant(Meant.CHOSEN_ID, asks_for("id-job_001"), about(ID_IN_USE, 500, at=0.15)),
        {"SUB-5"},
    ),
    (
        "a second job under an id of its own",
        meant(
            Meant.CHOSEN_ID, asks_for("id-job_001"), about(ID_IN_USE, 202, at=0.15, job_id="new")
        ),
        set(),
    ),
    (
        "id taken when nobody knows whether the first was still in flight",
        meant(
            Meant.CHOSEN_ID,
            asks_for("id-job_001"),
            about(ID_IN_USE, 202, at=1.0, job_id="id-job_001"),
        ),
        set(),
    ),
    ("unknown fields", meant(Meant.EXTENDED), set()),
    (
        "unknown fields refused",
        lambda e: tagged(refused(422)(e), Meant.EXTENDED, "x"),
        {"SUB-15"},
    ),
    (
        "unknown fields fail the job",
        meant(Meant.EXTENDED, lambda e: spoiled(e, Polled, status="failed")),
        {"SUB-15"},
    ),
    ("odd prompt", meant(Meant.EITHER), set()),
    ("odd prompt refused", lambda e: tagged(refused(413)(e), Meant.EITHER, "x"), set()),
    (
        "odd prompt breaks the miner",
        lambda e: tagged(refused(500)(e), Meant.EITHER, "x"),
        {"SUB-16"},
    ),
    (
        "hung up in the middle of a huge prompt",
        lambda e: tagged(refused(None, error="reset")(e), Meant.EITHER, HUGE_PROMPT),
        set(),
    ),
    (
        "hung up in the middle of a prompt",
        lambda e: tagged(refused(None, error="reset")(e), Meant.EITHER, "x"),
        {"SUB-16"},
    ),
    ("only a prompt", meant(Meant.BARE), set()),
    ("only a prompt refused", lambda e: tagged(refused(422)(e), Meant.BARE, "x"), {"SUB-17"}),
    (
        "other defaults",
        meant(
            Meant.BARE,
            lambda e: spoiled(
                e, Examined, width=1024, height=1024, defects=("dimensions: 512x512",)
            ),
        ),
        {"SUB-17"},
    ),
]


@pytest.mark.parametrize(
    ("spoil", "expected"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED]
)
def test_each_defect_is_reported_by_its_clause_and_by_no_other(
    spoil: Spoil, expected: set[str]
) -> None:
    assert FAMILY.reported(spoil(good_job("job_001"))) == expected


def two_of_one_id(second_at: float, picture: str = "job_002", code: int = 202) -> list[AsyncEvent]:
    """Two jobs with the same chosen id; the first has settled after two seconds."""
    first = tagged(good_job("job_001"), Meant.CHOSEN_ID, "x")
    second = tagged(good_job("job_002", at=second_at), Meant.CHOSEN_ID, "x")
    second = spoiled(second, Downloaded, file=a_picture(picture))
    second = spoiled(second, Delivered, image=a_picture(picture))
    first, second = (
        spoiled(asks_for("same")(job), Answered, job_id="same") for job in (first, second)
    )
    if code != 202:
        second = spoiled(second[:2], Answered, job_id=None, status_code=code)
    return [*first, *second]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (two_of_one_id(3.0), set()),
        (two_of_one_id(3.0, picture="job_001"), {"SUB-14"}),
        (two_of_one_id(3.0, code=409), {"SUB-14"}),
        (two_of_one_id(1.0, code=409), set()),
    ],
    ids=["new", "old picture", "refused", "refused in time"],
)
def test_an_id_that_is_used_again(events: list[AsyncEvent], expected: set[str]) -> None:
    assert FAMILY.reported(events, beside=False) == expected


def test_a_miner_that_gives_ids_of_its_own_owes_nothing_for_chosen_ones() -> None:
    ignored = meant(Meant.CHOSEN_ID, asks_for("mine"), about(ID_IN_USE, 202, job_id="other"))
    outcome = FAMILY.outcome(chosen_ids.ids_in_use_are_refused, ignored(good_job("job_001")))
    assert outcome is Outcome.NOT_APPLICABLE


def test_an_odd_prompt_whose_job_never_ends_is_reported() -> None:
    events = never_ended(meant(Meant.EITHER)(good_job("job_001")))
    assert FAMILY.reported([*events, SILENT]) == {"SUB-16"}


@pytest.mark.parametrize(
    ("calls_back", "found"),
    [(True, Outcome.PASS), (False, Outcome.NOT_APPLICABLE)],
    ids=["its callback would show it", "nothing would show it"],
)
def test_a_refused_job_of_a_server_that_chooses_the_ids(calls_back: bool, found: Outcome) -> None:
    spoken = Spoken(name="x", submit="POST /x", lacks={"chosen ids": "it has none"})
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=spoken)
    events = without(refused(422)(good_job("job_001")), Delivered)
    kept = spoiled(events, Submitted, expects_callback=calls_back)
    history = build([began, *scenario(kept)])
    assert refusals.refused_submissions_leave_no_job(history).outcome is found


def test_every_check_of_the_family_reports_something() -> None:
    reported = set().union(*(row[2] for row in SPOILED)) | {"SUB-14"}
    assert reported == FAMILY.clauses


def waiting(name: str, at: float, took: float) -> list[AsyncEvent]:
    """A job whose submission is answered when it is over, ``took`` seconds after it was sent."""
    events = spoiled(good_job(name, at), Answered, at=at + took, took=took)
    later = [e for e in events if not isinstance(e, Submitted | Answered | Delivered)]
    first = [e for e in events if e not in later]
    return [*first, *(msgspec.structs.replace(e, at=e.at + took) for e in later)]


def polled_in(took: float, events: list[AsyncEvent]) -> list[AsyncEvent]:
    return [msgspec.structs.replace(e, took=took) if isinstance(e, Polled) else e for e in events]


LATE: list[tuple[str, list[list[AsyncEvent]], bool]] = [
    ("its own callback came meanwhile", [waiting("job_001", 0.0, 4.0)], True),
    ("nothing came meanwhile", [without(waiting("job_001", 0.0, 4.0), Delivered)], False),
    (
        "other polls were answered meanwhile",
        [without(waiting("job_001", 0.0, 4.0), Delivered), good_job("job_002", at=1.0)],
        True,
    ),
    (
        "other polls waited as well",
        [
            without(waiting("job_001", 0.0, 4.0), Delivered),
            polled_in(0.4, good_job("job_002", at=1.0)),
        ],
        False,
    ),
    ("it came soon", [waiting("job_001", 0.0, 0.9)], False),
]


@pytest.mark.parametrize(("jobs", "found"), [row[1:] for row in LATE], ids=[row[0] for row in LATE])
def test_a_late_answer_counts_where_the_miner_was_heard_of_meanwhile(
    jobs: list[list[AsyncEvent]], found: bool
) -> None:
    check = submission.no_submission_waits_while_the_miner_answers
    assert bool(check(build(scenario(*jobs))).findings) is found


@pytest.mark.parametrize(("other_left", "found"), [(0.01, True), (0.5, False)])
def test_a_program_that_sends_late_may_have_read_the_answers_as_late(
    other_left: float, found: bool
) -> None:
    """A burst whose last job left that much after the first: what delayed it delayed both."""
    jobs = [waiting("job_001", 0.0, 1.2), waiting("job_002", other_left, 0.8)]
    result = submission.submissions_are_answered_at_once(build(scenario(*jobs)))
    assert [finding.job for finding in result.findings] == ["job_001"] * found


@pytest.mark.parametrize(("late", "found"), [(0.3, False), (0.15, True)])
def test_a_program_whose_polls_leave_late_may_have_read_the_answer_as_late(
    late: float, found: bool
) -> None:
    """It asks no more of the miner than it does itself, as long as it is late itself."""
    behind = FellBehind(at=1.0, since=0.0, worst=late, polls=5)
    history = build(scenario(waiting("job_001", 0.0, 1.2), [behind]))
    assert bool(submission.submissions_are_answered_at_once(history).findings) is found
    earlier = msgspec.structs.replace(behind, at=-0.1, since=-1.0)
    history = build(scenario(waiting("job_001", 0.0, 1.2), [earlier]))
    assert submission.submissions_are_answered_at_once(history).findings
