"""SEC on hand-written histories: what each check reports, and what it is blind to."""

from typing import Any

import pytest

from asyncproof.checks import secrecy
from asyncproof.history.build import build
from asyncproof.history.events import Answered, AsyncEvent, Polled, Submitted
from asyncproof.workload.special_cases import TRAVERSAL, Meant
from tests.support.histories import (
    SILENT,
    Family,
    Spoil,
    a_history,
    good_job,
    plus,
    probed,
    scenario,
    spoiled,
    tagged,
)

FAMILY = Family(
    secrecy.secrets_are_told_to_nobody,
    secrecy.refusals_do_not_repeat_the_secret,
    secrecy.ids_are_never_paths,
    secrecy.paths_do_not_climb,
    secrecy.answers_show_no_inside,
)
TRACE = '{"detail": "Traceback (most recent call last): ..."}'
FRAME = 'File "/app/engine.py", line 7, in draw'


def answered(**changes: Any) -> Spoil:
    return lambda events: spoiled(events, Answered, **changes)


def hostile(asked: str, *spoils: Spoil, **answer: Any) -> Spoil:
    """The job asked for this id, and the miner gave it unless ``answer`` says otherwise."""

    def spoil(events: list[AsyncEvent]) -> list[AsyncEvent]:
        events = tagged(events, Meant.HOSTILE_ID, "climbs out")
        events = spoiled(events, Submitted, request={"job_id": asked})
        events = spoiled(events, Answered, **{"job_id": asked, **answer})
        for one in spoils:
            events = one(events)
        return events

    return spoil


def never_ended(events: list[AsyncEvent]) -> list[AsyncEvent]:
    return [*(e for e in events if not isinstance(e, Polled) or e.at < 1.0), SILENT]


SPOILED: list[tuple[str, Spoil, set[str]]] = [
    ("correct", lambda e: e, set()),
    ("secret in the answer", answered(leaks_secret=True), {"SEC-1"}),
    (
        "secret in a refusal",
        answered(leaks_secret=True, status_code=422, job_id=None),
        {"SEC-6"},
    ),
    ("secret in the status", lambda e: spoiled(e, Polled, leaks_secret=True), {"SEC-1"}),
    ("secret in a page", plus(probed("page", 200, leaks_secret=True)), {"SEC-1"}),
    ("a path refused", hostile("../x", status_code=422, job_id=None), set()),
    ("a path replaced", hostile("../x", job_id="x-1"), set()),
    ("a path taken", hostile("../x"), {"SEC-3"}),
    ("a NUL taken", hostile("x\0y"), {"SEC-3"}),
    ("dots taken", hostile(".."), {"SEC-3"}),
    ("a path breaks the miner", hostile("../x", status_code=500, job_id=None), {"SEC-3"}),
    ("a path is not answered", hostile("/x", status_code=None, job_id=None), {"SEC-3"}),
    ("a long id taken, and the job done", hostile("x" * 300), set()),
    (
        "a long id taken, and the job failed",
        hostile("x" * 300, lambda e: spoiled(e, Polled, status="failed")),
        {"SEC-3"},
    ),
    ("a long id taken, and the job stuck", hostile("x" * 300, never_ended), {"SEC-3"}),
    ("a path not found", plus(probed(TRAVERSAL, 404)), set()),
    ("a path moved", plus(probed(TRAVERSAL, 301)), set()),
    ("a file given", plus(probed(TRAVERSAL, 200, body="root:x:0:0")), {"SEC-4"}),
    ("a path breaks down", plus(probed(TRAVERSAL, 500)), {"SEC-4"}),
    ("a trace in a refusal", answered(body=TRACE), {"SEC-5"}),
    ("a frame in an error", lambda e: spoiled(e, Polled, job_error=FRAME), {"SEC-5"}),
    ("a trace on a page", plus(probed("page", 500, body=TRACE)), {"SEC-5"}),
]


@pytest.mark.parametrize(
    ("spoil", "expected"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED]
)
def test_each_defect_is_reported_by_its_clause_and_by_no_other(
    spoil: Spoil, expected: set[str]
) -> None:
    assert FAMILY.reported(spoil(good_job("job_001"))) == expected


def test_every_check_of_the_family_reports_something() -> None:
    assert set().union(*(row[2] for row in SPOILED)) == FAMILY.clauses


def test_a_hostile_id_is_told_so_that_it_can_be_printed() -> None:
    events = hostile("x\0" + 300 * "y", lambda e: spoiled(e, Polled, status="failed"))
    (job, *_) = a_history(events(good_job("job_001")))
    subject = job.finding("SEC-3", "", "").subject
    assert subject.isprintable()
    assert len(subject) < 100


def test_a_status_that_tells_the_secret_is_told_of_its_job_alone() -> None:
    """Also where it was asked for beside the jobs of another test."""
    asked = probed("status_url", 200, leaks_secret=True, path="/inference/status/id-job_001")
    leaking = spoiled(good_job("job_001"), Polled, leaks_secret=True)
    whole = build(scenario(leaking, good_job("job_002"), [asked]))
    (found,) = secrecy.secrets_are_told_to_nobody(whole).findings
    assert found.job == "job_001"
    other = whole.only(job for job in whole if job.name == "job_002")
    assert not secrecy.secrets_are_told_to_nobody(other).findings
