"""Which clauses apply to a server, and in whose words their findings are."""

import re

import msgspec
import pytest

from asyncproof.checks import ALL, payload, scheduling
from asyncproof.facts.applicable import (
    NEEDED,
    applicable,
    clauses_in_their_words,
    in_their_words,
    why_not,
    words_of,
)
from asyncproof.facts.delivery_outcome import repeated
from asyncproof.harness import contract
from asyncproof.harness.verdict import Finding, Outcome
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Delivered,
    RunStarted,
    Spoken,
    Submitted,
)
from asyncproof.history.history import History
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.run.session import PROTOCOL
from asyncproof.wire.dialect import Dialect, dialect
from asyncproof.wire.profile import parse
from asyncproof.workload.needs import Need
from tests.support.histories import SILENT, good_job, scenario

CLAUSES = contract.load(PROTOCOL)
FAMILIES = {clause.partition("-")[0] for clause in CLAUSES}


def run_of(spoken: Spoken | None) -> History:
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=spoken)
    return build([began, *scenario(good_job())])


def test_each_row_is_about_a_clause_or_a_family() -> None:
    assert NEEDED.keys() <= CLAUSES.keys() | FAMILIES


def test_all_clauses_apply_to_a_server_of_the_documents_but_that_about_retries() -> None:
    assert applicable(ALL, run_of(None)) == list(ALL)
    for spoken in (dialect("inference").spoken, dialect("edit").spoken):
        judged = applicable(ALL, run_of(spoken))
        other = [one.clauses for one, as_is in zip(judged, ALL, strict=True) if one != as_is]
        assert other == [("CBK-32",)]


@pytest.mark.parametrize("need", sorted(set(Need) - {Need.SIZES}))
def test_each_need_is_the_reason_why_some_clause_does_not_apply(need: Need) -> None:
    spoken = Spoken(name="x", submit="POST /x", lacks={str(need): "it has none"})
    history = run_of(spoken)
    left_out = [c for c in applicable(ALL, history) if c(history).reason == "it has none"]
    assert left_out
    assert all(check(history).outcome is Outcome.NOT_APPLICABLE for check in left_out)


def test_a_clause_has_its_own_needs_instead_of_those_of_its_family() -> None:
    assert why_not("POL-1", {"polling": "a"}) == "a"
    assert why_not("POL-4", {"progress": "b"}) == "b"
    assert why_not("SUB-1", {str(need): "c" for need in Need}) == ""


def test_findings_are_in_the_words_of_the_server() -> None:
    finding = Finding("X-1", "job", "'completed', by callback_url", "failed", advice="completed_at")
    told = in_their_words(finding, {"completed": "succeeded", "callback_url": "webhook"})
    assert (told.expected, told.actual, told.advice) == (
        "'succeeded', by webhook",
        "failed",
        "completed_at",
    )


QUEUE = Dialect(
    parse(
        """
[submit]
path = "/jobs"
id = "job.id"
result_url = "job.link"
[submit.body]
text = "{prompt}"
hook.url = "{callback_url}"
hook.key = "{callback_secret}"
[status]
path = "/jobs/{id}"
id = "number"
state = "state"
error = "why"
completed_at = "until"
failed_at = "until"
callback = "hook"
[status.words]
done = "completed"
[callback]
body = "json"
id = "about"
error = "reason"
state = "phase"
completed_at = "at"
picture = "inline"
encoding = "url"
proof = "header"
header = "X-Key"
"""
    )
).spoken
NAMED = [
    ("SUB-1", "a job_id", "a job.id"),
    ("SUB-7", "result_url leads", "job.link leads"),
    ("CBK-3", "job_id at callback_url", "about at hook.url"),
    ("CBK-6", "`job_id`, `status` of a completed job", "`about`, `phase` of a done job"),
    ("CBK-24", "the error in `error`", "the error in `reason`"),
    ("CBK-2", "X-Callback-Secret with callback_secret", "X-Key with hook.key"),
    ("CBK-8", "`image` or `image_url`", "`inline` or `inline`"),
    ("POL-6", "the status: completed_at", "the status: until"),
    ("CBK-18", "callback.status 'skipped'", "hook.status 'skipped'"),
    ("POL-12", "`error`", "`why`"),
    ("CBK-1", "no callback, job_003", "no callback, job_003"),
]


@pytest.mark.parametrize(("clause", "ours", "theirs"), NAMED, ids=[row[0] for row in NAMED])
def test_fields_have_the_names_of_the_server_where_the_clause_looks(
    clause: str, ours: str, theirs: str
) -> None:
    finding = Finding(clause, "job_id", ours, ours, advice=ours, cause=ours)
    told = in_their_words(finding, words_of(clause, QUEUE))
    assert (told.expected, told.actual, told.advice, told.cause) == (theirs,) * 4
    assert told.subject == "job_id"


def test_the_reason_of_a_clause_is_that_of_this_server() -> None:
    told = clauses_in_their_words(CLAUSES, QUEUE)
    assert "`POST /jobs` with a valid body" in told["SUB-1"].rule
    assert "(`job.id` or `id`)" in told["SUB-1"].rule
    assert "Without `hook.url`" in told["CBK-18"].rule
    assert clauses_in_their_words(CLAUSES, dialect("inference").spoken) == CLAUSES


FIELDS: list[tuple[dict[str, str], dict[str, object], str]] = [
    ({}, {"fields": {}}, "`about`, `phase`, `at` missing"),
    ({"times in callbacks": "no"}, {"fields": {}}, "`about`, `phase` missing"),
    ({"job ids in callbacks": "no", "times in callbacks": "no"}, {"fields": {}}, "`phase` missing"),
]


@pytest.mark.parametrize(("lacks", "change", "said"), FIELDS)
def test_a_callback_owes_the_fields_that_its_sender_has(
    lacks: dict[str, str], change: dict[str, object], said: str
) -> None:
    spoken = msgspec.structs.replace(QUEUE, lacks=lacks)
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=spoken)
    events = [
        msgspec.structs.replace(event, **change) if isinstance(event, Delivered) else event
        for event in good_job()
    ]
    (check,) = applicable([payload.callbacks_have_their_fields], build([began, *scenario(events)]))
    (found,) = check(build([began, *scenario(events)])).findings
    assert found.actual.startswith(said)


@pytest.mark.parametrize("name", ["inference", "edit"])
def test_the_documents_call_everything_as_they_do(name: str) -> None:
    assert dialect(name).spoken.fields == {}


OF_THE_DOCUMENTS = re.compile(
    r"\b(job_id|image_url|callback_url|callback_secret|status_url|result_url|(completed|failed)_at)\b"
    r"|X-Callback-Secret"
)
WRONG: list[dict[str, object]] = [
    {"secret": "missing"},
    {"fields": {}},
    {"fields": {"job_id": "another", "status": "failed"}, "image": None},
    {"fields": {"job_id": "id-job_001", "status": "completed"}, "image": None},
]


def test_no_finding_about_a_server_that_calls_all_otherwise_has_a_name_of_the_documents() -> None:
    """Each check, on callbacks in which all goes wrong."""
    whole = msgspec.structs.replace(QUEUE, lacks={})
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=whole)
    told = set[str]()
    for change in WRONG:
        events = [
            msgspec.structs.replace(event, **change) if isinstance(event, Delivered) else event
            for event in good_job()
        ]
        history = build([began, *scenario(events)])
        for found in (f for check in applicable(ALL, history) for f in check(history).findings):
            told.add(found.clause)
            text = f"{found.expected} {found.actual} {found.advice} {found.cause}"
            assert not OF_THE_DOCUMENTS.search(text), f"{found.clause}: {text}"
    assert {"CBK-2", "CBK-3", "CBK-6", "CBK-8"} <= told


REPEATS = [("a", "a", 0), ("a", "b", 2), ("", "", 2)]


@pytest.mark.parametrize(("first", "second", "sent"), REPEATS)
def test_a_repeat_with_the_same_delivery_id_is_no_duplicate(
    first: str, second: str, sent: int
) -> None:
    (one,) = [event for event in good_job() if isinstance(event, Delivered)]
    again = msgspec.structs.replace(one, number=2, began=1.6, at=1.7, delivery_id=second)
    events: list[AsyncEvent] = [
        e for e in good_job() if e is not one and not isinstance(e, Delivered)
    ]
    events += [msgspec.structs.replace(one, delivery_id=first), again]
    history = build(scenario(sorted(events, key=lambda event: event.at)))
    assert len(repeated(history.jobs["job_001"])) == sent


HANGS = [
    (JobHealth.STALLED, "progress"),
    (JobHealth.DEAD, "polling"),
    (JobHealth.STARVING, "queue"),
]


@pytest.mark.parametrize(("life", "need"), HANGS)
@pytest.mark.parametrize("lacking", [True, False])
def test_a_hang_is_always_reported(life: JobHealth, need: str, lacking: bool) -> None:
    """Where the clause about its kind does not apply, the job never ended all the same."""
    found = Diagnosis(life=life, stage=Stage.QUEUED, progress=None, silent=9, still=9, total=9)
    lacks = {need: "none"} if lacking else {}
    spoken = Spoken(name="x", submit="POST /x", lacks=lacks)
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=spoken)
    start = [e for e in good_job() if isinstance(e, Submitted | Answered)]
    history = build([began, *scenario([*start, msgspec.structs.replace(SILENT, diagnosis=found)])])
    result = scheduling.every_job_ends(history)
    assert (result.outcome is Outcome.FAIL) == lacking
