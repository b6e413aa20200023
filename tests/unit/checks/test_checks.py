"""Each check on small hand-written histories: what it reports and what it is blind to.

The correct history trips no check; each row spoils one thing and names every check that reports it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from asyncproof.checks import ALL, BY_NAME
from asyncproof.harness import contract
from asyncproof.harness.verdict import Outcome, judge
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Delivered,
    Downloaded,
    Examined,
    GaveUp,
    Polled,
    Probed,
)
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from tests import ROOT
from tests.support.histories import (
    SILENT,
    Spoil,
    a_history,
    a_picture,
    good_job,
    scenario,
    spoiled,
    without,
)
from tests.unit.checks import (
    test_checks_delivery,
    test_checks_expiry,
    test_checks_health,
    test_checks_polling,
    test_checks_retries,
    test_checks_secrecy,
    test_checks_submission,
    test_checks_whose,
)

FAMILIES = (
    test_checks_submission.FAMILY,
    test_checks_polling.FAMILY,
    test_checks_delivery.FAMILY,
    test_checks_retries.FAMILY,
    test_checks_expiry.FAMILY,
    test_checks_health.FAMILY,
    test_checks_secrecy.FAMILY,
    test_checks_whose.FAMILY,
)
SECTION = CallbackSection(status="delivered", status_code=200, payload_status="completed")


def delivered_again(events: list[AsyncEvent]) -> list[AsyncEvent]:
    first = next(e for e in events if isinstance(e, Delivered))
    return [*events, msgspec.structs.replace(first, number=2, began=1.9, at=1.95)]


def never_ended(events: list[AsyncEvent]) -> list[AsyncEvent]:
    kept = without(without(without(events, Downloaded), Delivered), Examined)
    return [*(e for e in kept if not (isinstance(e, Polled) and e.at > 1.0)), SILENT]


def given_up(life: JobHealth, stage: Stage, error: str = "") -> Spoil:
    found = Diagnosis(life=life, stage=stage, progress=42, silent=1, still=8, total=9)
    last = Polled(at=8.9, job="job_001", took=0.01, status_code=None if error else 200, error=error)
    seen = msgspec.structs.replace(last, status=None if error else "processing")
    gave_up = msgspec.structs.replace(SILENT, diagnosis=found)

    def spoil(events: list[AsyncEvent]) -> list[AsyncEvent]:
        return [*(e for e in never_ended(events) if not isinstance(e, GaveUp)), seen, gave_up]

    return spoil


def unknown(at: float) -> Polled:
    return Polled(at=at, job="job_001", took=0.01, status_code=404, body="no such job")


def forgotten(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """The miner does not know the job any more, and it was given up."""
    return [*never_ended(events), unknown(2.0), unknown(2.5)]


def restarted(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """The same, with an outage before."""
    away = Polled(at=1.5, job="job_001", took=0.01, error="cannot connect (connection refused)")
    return [*forgotten(events), away]


def creeping(since: float) -> list[AsyncEvent]:
    """A bar that goes half of the rest each five seconds."""
    poll = Polled(at=since, job="job_001", took=0.01, status_code=200, status="processing")
    marks = [(since + 5 * n, 100 - 50 * 0.5**n) for n in range(20)]
    return [msgspec.structs.replace(poll, at=at, progress=mark) for at, mark in marks]


def crept(events: list[AsyncEvent]) -> list[AsyncEvent]:
    found = Diagnosis(
        life=JobHealth.OVERDUE, stage=Stage.STEPPING, progress=99.9, silent=1, still=5, total=60
    )
    gave_up = msgspec.structs.replace(SILENT, at=120.0, waited=120.0, diagnosis=found)
    kept = [e for e in never_ended(events) if not isinstance(e, GaveUp)]
    return [*kept, *creeping(5.0), gave_up]


def crawled(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """The last half percent took 99 seconds."""
    *before, last = [e for e in events if isinstance(e, Polled)]
    late = [
        msgspec.structs.replace(before[-1], progress=99.5),
        msgspec.structs.replace(last, at=100),
    ]
    return [*without(events, Polled), *before[:-1], *late]


# These are about many pictures, or about pictures and their references: see test_checks_images.py.
ABOUT_SEVERAL_PICTURES = {
    "pictures_share_no_defect",
    "pictures_do_not_look_damaged_throughout",
    "pictures_equal_their_idle_references",
    "idle_references_agree",
    "no_picture_looks_damaged",
}

SPOILED: list[tuple[str, Spoil, set[str]]] = [
    ("correct", lambda e: e, set()),
    (
        "refused",
        lambda e: spoiled(e, Answered, status_code=503, job_id=None),
        {"every_submission_accepted"},
    ),
    (
        "redirected",
        lambda e: spoiled(e, Answered, redirected_to="http://miner/inference/"),
        {"submissions_are_not_redirected"},
    ),
    (
        "accepted: false",
        lambda e: spoiled(e, Answered, accepted=False),
        {"every_submission_accepted"},
    ),
    (
        "no answer",
        lambda e: spoiled(e, Answered, status_code=None, error="reset"),
        {"every_submission_accepted"},
    ),
    (
        "id of the other job",
        lambda e: spoiled(e, Answered, job_id="id-job_002"),
        {"job_ids_are_unique", "callbacks_go_to_their_own_url"},
    ),
    (
        "unknown status word",
        lambda e: spoiled(e, Polled, status="done"),
        {"status_words_are_legal"},
    ),
    (
        "poll answered 500",
        lambda e: spoiled(e, Polled, status_code=500),
        {"every_poll_is_answered"},
    ),
    (
        "poll with half a JSON",
        lambda e: spoiled(e, Polled, problems=("not JSON",)),
        {"every_poll_is_answered"},
    ),
    ("hung", never_ended, {"every_job_ends"}),
    ("stalled", given_up(JobHealth.STALLED, Stage.STEPPING), {"every_job_makes_progress"}),
    ("overdue", given_up(JobHealth.OVERDUE, Stage.UNMEASURED), {"every_job_ends"}),
    ("starving", given_up(JobHealth.STARVING, Stage.QUEUED), {"the_queue_moves"}),
    (
        "no answers any more",
        given_up(JobHealth.DEAD, Stage.STEPPING, error="no answer within 3 s"),
        {"every_job_stays_in_sight"},
    ),
    ("forgotten", forgotten, {"every_job_ends", "every_poll_is_answered"}),
    ("forgotten during a restart", restarted, {"every_job_ends", "every_poll_is_answered"}),
    (
        "unknown for a moment",
        lambda e: [*e, unknown(0.15)],
        {"every_poll_is_answered"},
    ),
    ("creeps and never arrives", crept, {"every_job_ends", "no_job_is_slow"}),
    ("slow", crawled, {"no_job_is_slow"}),
    (
        "failed",
        lambda e: spoiled(
            spoiled(e, Polled, status="failed", job_error="x", callback=SECTION),
            Delivered,
            image=None,
            fields={"job_id": "id-job_001", "status": "failed", "error": "out of memory"},
        ),
        {"every_job_completes", "payload_status_is_told"},
    ),
    (
        "lost",
        lambda e: without(e, Delivered),
        {"every_job_is_delivered", "claimed_deliveries_arrived"},
    ),
    (
        "wrong secret",
        lambda e: spoiled(e, Delivered, secret="wrong"),
        {"callbacks_carry_their_secret"},
    ),
    (
        "no secret",
        lambda e: spoiled(e, Delivered, secret="missing"),
        {"callbacks_carry_their_secret"},
    ),
    (
        "another's secret",
        lambda e: spoiled(e, Delivered, secret="foreign", secret_owner="token-job_002"),
        {"callbacks_carry_their_secret"},
    ),
    ("twice", delivered_again, {"one_delivery_per_job"}),
    (
        "answered 500, called delivered",
        lambda e: spoiled(e, Delivered, answered=500),
        {"claimed_deliveries_arrived"},
    ),
    (
        "delivered, called failed",
        lambda e: spoiled(e, Polled, callback=msgspec.structs.replace(SECTION, status="failed")),
        {"received_callbacks_are_reported"},
    ),
    (
        "another status code",
        lambda e: spoiled(e, Polled, callback=msgspec.structs.replace(SECTION, status_code=204)),
        {"received_callbacks_are_reported"},
    ),
    ("no section", lambda e: spoiled(e, Polled, callback=None), {"callback_section_settles"}),
    (
        "callback says failed",
        lambda e: spoiled(e, Delivered, fields={"job_id": "id-job_001", "status": "failed"}),
        {"callback_status_is_the_jobs"},
    ),
    (
        "callback without a picture",
        lambda e: spoiled(e, Delivered, image=None),
        {"completed_jobs_deliver_a_picture"},
    ),
    (
        "picture link in place of a picture",
        lambda e: spoiled(
            e,
            Delivered,
            image=None,
            fields={
                "job_id": "id-job_001",
                "status": "completed",
                "completed_at": "2026-01-01T00:00:01Z",
                "image_url": "/x.png",
            },
        ),
        set(),
    ),
    (
        "damaged picture",
        lambda e: spoiled(e, Examined, defects=("rows: 12 of 64 rows",)),
        {"every_file_whole"},
    ),
    (
        "result 404",
        lambda e: spoiled(e, Downloaded, status_code=404, file=None),
        {"completed_results_download"},
    ),
    (
        "result of another job",
        lambda e: spoiled(e, Downloaded, file=a_picture("job_002")),
        {"callback_image_equals_result", "different_requests_different_pictures"},
    ),
    (
        "result changes",
        lambda e: [
            *e,
            Downloaded(
                at=2,
                job="job_001",
                what="result again",
                url="",
                took=0,
                status_code=200,
                file=a_picture("other"),
            ),
        ],
        {"results_stay_the_same"},
    ),
    (
        "training broke down",
        lambda e: [
            *e,
            Probed(at=1, probe="train", method="POST", path="/train", took=0, status_code=500),
        ],
        {"training_is_answered"},
    ),
    (
        "training, and a damaged picture",
        lambda e: [
            *spoiled(e, Examined, defects=("rows: 12 of 64 rows",)),
            Probed(at=1, probe="train", method="POST", path="/train", took=0, status_code=202),
        ],
        {"every_file_whole", "inference_survives_training"},
    ),
]


@pytest.mark.parametrize(
    ("spoil", "expected"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED]
)
def test_each_defect_is_reported_by_its_checks_and_by_no_other(
    spoil: Spoil, expected: set[str]
) -> None:
    history = a_history(spoil(good_job("job_001")), good_job("job_002", at=0.1))
    verdict = judge(history, ALL)
    assert not [result.crash for result in verdict.results if result.crash]
    assert {finding.check for finding in verdict.findings} == expected


def test_every_check_reports_at_least_one_of_these_defects() -> None:
    """RUN-1 is about the run and reports nothing; a check without a row here has one in the tests
    of its family."""
    covered = set().union(*(expected for *_, expected in SPOILED))
    families = {check.name for family in FAMILIES for check in family.checks}
    several = {"jobs_overlapped", *ABOUT_SEVERAL_PICTURES}
    assert set(BY_NAME) - covered - families == several


def test_an_empty_history_is_inconclusive_for_every_check() -> None:
    results = judge(build([]), ALL).results
    assert {result.outcome for result in results} == {Outcome.INCONCLUSIVE}


def test_a_miner_without_training_owes_nothing_there() -> None:
    refused = Probed(at=1, probe="train", method="POST", path="/train", took=0, status_code=404)
    history = a_history([*good_job("job_001"), refused])
    outcomes = {r.check: r.outcome for r in judge(history, ALL).results}
    assert outcomes["training_is_answered"] is Outcome.NOT_APPLICABLE
    assert outcomes["inference_survives_training"] is Outcome.NOT_APPLICABLE


BROKE = Polled(at=3.0, job="job_002", took=0.1, error="cannot connect: reset by peer")
SLOW = Polled(at=3.0, job="job_002", took=2.0, error="no answer within 2 s")
EARLIER = msgspec.structs.replace(BROKE, at=0.05)


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        (None, "its worker hangs, or has died and nobody noticed"),
        (SLOW, "its worker hangs, or has died and nobody noticed"),
        (EARLIER, "its worker hangs, or has died and nobody noticed"),
        (BROKE, "'cannot connect: reset by peer' was all that a poll got 2.9 s after"),
    ],
    ids=["nothing", "a slow answer", "a connection that broke before", "one that broke"],
)
def test_a_job_that_never_ends_may_have_died_with_a_process(
    beside: Polled | None, said: str
) -> None:
    """A server that tells no reason leaves both open, unless a connection broke meanwhile."""
    overdue = Diagnosis(
        life=JobHealth.OVERDUE, stage=Stage.STEPPING, progress=None, silent=0, still=9, total=9
    )
    stuck = [e for e in good_job("job_001", at=0.1) if e.at < 0.9]
    stuck += [msgspec.structs.replace(SILENT, diagnosis=overdue)]
    other = [*good_job("job_002"), *([beside] if beside else [])]
    (finding,) = BY_NAME["every_job_ends"](a_history(stuck, other)).findings
    assert finding.advice.startswith(said)


def test_a_training_request_is_named_as_it_was_sent() -> None:
    failed = Probed(at=1, probe="train", method="PUT", path="/v1/fit", took=0, status_code=500)
    (finding,) = BY_NAME["training_is_answered"](a_history([*good_job(), failed])).findings
    assert finding.subject == "PUT /v1/fit"


def test_jobs_one_after_another_have_not_overlapped() -> None:
    history = a_history(good_job("job_001"), good_job("job_002", at=10.0))
    (result,) = judge(history, [BY_NAME["jobs_overlapped"]]).results
    assert result.outcome is Outcome.INCONCLUSIVE


def test_every_clause_of_a_check_stands_in_the_contract_and_the_other_way_round() -> None:
    clauses = contract.load(ROOT / "docs" / "protocol.md")
    checked = {clause for check in ALL for clause in check.clauses}
    assert checked == set(clauses)


def test_scenarios_are_told_apart() -> None:
    """A callback that comes during a later scenario still belongs to its own job."""
    late = spoiled(good_job("job_001"), Delivered, at=5.0, began=4.9)
    first, second = scenario(late), scenario(good_job("job_002", at=3.0))
    whole = build([*first, *second])
    assert [len(job.deliveries) for job in whole] == [1, 1]
    assert not whole.orphans


def test_one_error_with_each_jobs_own_id_and_numbers_is_one_cause() -> None:
    jobs = [
        spoiled(
            good_job(name, at=n * 0.1),
            Polled,
            status="failed",
            job_error=f"job id-{n}f3a-77aa91: out of memory at step {n + 3}",
        )
        for n, name in enumerate(("job_001", "job_002"))
    ]
    findings = BY_NAME["every_job_completes"](a_history(*jobs)).findings
    assert len(findings) == 2
    assert len({finding.cause for finding in findings}) == 1


CHECKS = ROOT / "src" / "asyncproof" / "checks"
BY_POSITION = 6  # fields of a Finding up to its advice


def _findings_without_advice(source: Path) -> Iterator[str]:
    for call in (n for n in ast.walk(ast.parse(source.read_text())) if isinstance(n, ast.Call)):
        name = (
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        )
        told = {keyword.arg for keyword in call.keywords}
        given = "advice" in told or len(call.args) >= BY_POSITION
        if name in {"finding", "Finding"} and not given:
            yield f"{source.name}:{call.lineno}"


def test_every_finding_comes_with_advice() -> None:
    """Somebody who has never seen this code shall know what to look at."""
    found = [line for source in CHECKS.glob("*.py") for line in _findings_without_advice(source)]
    assert found == []


def test_a_job_that_crept_and_arrived_is_not_called_slow_for_it() -> None:
    job = [*spoiled(good_job("job_001"), Polled, at=102.0), *creeping(5.0)]
    assert BY_NAME["no_job_is_slow"](a_history(job)).outcome is Outcome.PASS
