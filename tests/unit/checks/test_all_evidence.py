"""No verdict says PASS beside a defect that its own report shows and that nobody provoked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asyncproof.facts.delivery_outcome import DeliveryOutcome, outcome
from asyncproof.facts.provoked import excused
from asyncproof.harness.verdict import Outcome
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Compared,
    Delivered,
    Downloaded,
    Examined,
    GaveUp,
    Judged,
    Polled,
    RunEnded,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
    Submitted,
)
from asyncproof.history.history import QUIET, History, JobRecord
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.run.late_checks import EVERY_JOB, WHOLE_RUN
from asyncproof.run.recheck import verdict_of
from asyncproof.workload.provocation import Provocation
from tests.support.histories import good_job, spoiled

Spoil = Callable[[list[AsyncEvent]], list[AsyncEvent]]
SHOWN = {
    DeliveryOutcome.LOST: ("CBK-1",),
    DeliveryOutcome.DUPLICATE: ("CBK-4",),
    DeliveryOutcome.MIXED: ("CBK-2", "CBK-3"),
    DeliveryOutcome.LATE: ("EXP-3",),
}
ASKED = ("status_words_are_legal",)  # of each scenario, by its test
LATE = "2026-01-01T00:00:00Z"


def _the_delivery(events: list[AsyncEvent]) -> Delivered:
    return next(event for event in events if isinstance(event, Delivered))


def lost(events: list[AsyncEvent]) -> list[AsyncEvent]:
    return [event for event in events if not isinstance(event, Delivered)]


def doubled(events: list[AsyncEvent]) -> list[AsyncEvent]:
    first = _the_delivery(events)
    return [*events, msgspec.structs.replace(first, began=first.at + 0.5, at=first.at + 0.6)]


def foreign_secret(events: list[AsyncEvent]) -> list[AsyncEvent]:
    return spoiled(events, Delivered, secret="of token-job_001")


def foreign_id(events: list[AsyncEvent]) -> list[AsyncEvent]:
    return spoiled(events, Delivered, fields={"job_id": "ghost", "status": "completed"})


def late(events: list[AsyncEvent]) -> list[AsyncEvent]:
    request = next(event.request for event in events if isinstance(event, Submitted))
    return spoiled(events, Submitted, request={**request, "expiry": LATE})


def orphaned(events: list[AsyncEvent]) -> list[AsyncEvent]:
    return [*lost(events), msgspec.structs.replace(_the_delivery(events), token="nobody")]


def stalled(events: list[AsyncEvent], life: JobHealth = JobHealth.STALLED) -> list[AsyncEvent]:
    diagnosis = Diagnosis(
        life=life, stage=Stage.STEPPING, progress=42.0, silent=0.0, still=9.0, total=9.0
    )
    job = next(event.job for event in events if isinstance(event, Submitted))
    last = max(event.at for event in events)
    gave_up = GaveUp(
        at=last,
        job=job,
        waiting_for="a terminal state",
        last_state="processing",
        waited=9.0,
        diagnosis=diagnosis,
    )
    ended = (Delivered, Downloaded, Examined)
    kept = [e for e in events if not isinstance(e, ended) and not _is_the_end(e)]
    return [*kept, gave_up]


def never_ending(events: list[AsyncEvent]) -> list[AsyncEvent]:
    return stalled(events, JobHealth.OVERDUE)


def _is_the_end(event: AsyncEvent) -> bool:
    return isinstance(event, Polled) and event.status == "completed"


def broken_file(events: list[AsyncEvent]) -> list[AsyncEvent]:
    return spoiled(events, Examined, defects=("rows: 3 of 64",))


def damaged(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """Another picture than the reference that was drawn in quiet (see :func:`run`)."""
    reference, found = (event for event in events if isinstance(event, Examined))
    differs = Compared(
        at=found.at, sha256=found.sha256, reference=reference.sha256, difference="row 9"
    )
    return [*events, differs]


def section_late(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """It is asked for twice in vain after the end."""
    (end,) = filter(_is_the_end, events)
    assert isinstance(end, Polled)
    at = max(event.at for event in events)
    bare = [msgspec.structs.replace(end, callback=None, at=at + n) for n in (0.0, 6.0)]
    later = msgspec.structs.replace(end, at=at + 7.0)
    return [*(event for event in events if event is not end), *bare, later]


DEFECTS: tuple[Spoil, ...] = (
    lost,
    doubled,
    foreign_secret,
    foreign_id,
    late,
    orphaned,
    stalled,
    never_ending,
    broken_file,
    damaged,
    section_late,
)


@dataclass(frozen=True, slots=True)
class Made:
    """A job: what is wrong with it, and what was provoked of it."""

    defect: Spoil | None = None
    provokes: tuple[Provocation, ...] = ()


def run(scenarios: list[list[Made]]) -> list[AsyncEvent]:
    """A run of these scenarios, each of which asked for next to nothing."""
    events: list[AsyncEvent] = [
        RunStarted(at=0.0, run="r", seed=1, wall=1_767_225_600.0, target="t", settings={})
    ]
    number, now = 0, 0.0
    for n, jobs in enumerate(scenarios):
        name = f"scenario {n}"
        events.append(
            ScenarioStarted(
                at=now, name=name, nemesis="Quiet", jobs=len(jobs), shape="x", provokes=()
            )
        )
        for made in jobs:
            number, now = number + 1, now + 10.0
            events += _job(made, f"job_{number:03d}", now)
        now += 10.0
        events += [ScenarioEnded(at=now, name=name), Judged(at=now, scenario=name, checks=ASKED)]
    chosen = tuple(check.name for check in EVERY_JOB)
    chosen += ("nothing_once_expired", "the_queue_moves")
    return [*events, Judged(at=now, scenario=WHOLE_RUN, checks=chosen), RunEnded(at=now)]


def _job(made: Made, name: str, at: float) -> list[AsyncEvent]:
    events = spoiled(good_job(name, at), Submitted, provokes=made.provokes)
    if made.defect is damaged:
        reference = spoiled(good_job(f"{name}_reference", at), Submitted, tags={"load": QUIET})
        request = next(event.request for event in events if isinstance(event, Submitted))
        events = [*spoiled(reference, Submitted, request=request), *events]
    return made.defect(events) if made.defect else events


def shown(history: History) -> list[str]:
    """What the report of this run shows to be wrong, of jobs where nobody provoked it."""
    wrong = [f"orphan at {orphan.at}" for orphan in history.orphans]
    return wrong + [f"{job.name} {what}" for job in history for what in _shown_of(history, job)]


def _shown_of(history: History, job: JobRecord) -> list[str]:
    fate = outcome(history, job)
    wrong = [str(fate)] if fate in SHOWN and not excused(job, SHOWN[fate]) else []
    if job.gave_up and job.terminal is None and not excused(job, ("LIV-2", "SCH-1")):
        wrong.append("no end")
    for picture in job.pictures():
        examined = history.pictures.get((picture.sha256, *job.size))
        if examined and examined.defects and not excused(job, ("IMG-1",)):
            wrong.append("a broken file")
        if any(c.difference for (sha, _), c in history.compared.items() if sha == picture.sha256):
            wrong += [] if excused(job, ("IMG-3",)) else ["a damaged picture"]
    return wrong


made = st.builds(
    Made,
    st.one_of(st.none(), st.sampled_from(DEFECTS)),
    st.lists(st.sampled_from(list(Provocation)), max_size=2, unique=True).map(tuple),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(made, min_size=1, max_size=4), min_size=1, max_size=3))
@example([[Made(lost)]])
@example([[Made(late)]])
@example([[Made(), Made(stalled)], [Made(broken_file)]])
def test_no_pass_beside_a_defect_that_the_report_shows(scenarios: list[list[Made]]) -> None:
    events = run(scenarios)
    verdict = verdict_of(events, {})
    wrong = shown(build(events))
    assert not wrong or verdict.outcome is not Outcome.PASS, wrong


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(made.filter(lambda m: m.defect is None), min_size=1, max_size=4)))
def test_nothing_is_found_where_nothing_is_wrong(scenarios: list[list[Made]]) -> None:
    assert verdict_of(run([[Made()], *scenarios]), {}).explain() == "PASS"


@pytest.mark.parametrize(
    ("clause", "shown"),
    [
        ("SEC-5", {"body": "Traceback (most recent call last)"}),
        ("SEC-6", {"leaks_secret": True}),
    ],
)
def test_a_refusal_may_tell_nothing_whichever_test_provoked_it(
    clause: str, shown: dict[str, Any]
) -> None:
    def refused(events: list[AsyncEvent]) -> list[AsyncEvent]:
        sent = [event for event in events if isinstance(event, Submitted | Answered)]
        return spoiled(sent, Answered, status_code=422, job_id=None, **shown)

    made = Made(refused, (Provocation.REFUSAL,))
    verdict = verdict_of(run([[Made()], [made]]), {})
    assert [finding.clause for finding in verdict.findings] == [clause]


def test_the_urls_of_a_job_with_a_hostile_id_are_not_judged() -> None:
    asked = (Provocation.UNUSUAL,)
    (plain, hostile) = (build(run([[Made(provokes=provokes)]])) for provokes in ((), asked))
    for clause in ("SUB-6", "SUB-7"):
        assert not any(excused(job, (clause,)) for job in plain)
        assert all(excused(job, (clause,)) for job in hostile)


@pytest.mark.parametrize("asked", [Provocation.RECEIVER_HOLDS, Provocation.RECEIVER_REFUSES])
def test_a_hostile_receiver_excuses_only_the_jobs_that_met_it(asked: Provocation) -> None:
    """In a scenario with one hostile receiver the callbacks of other jobs are taken at once."""

    def failed_later(events: list[AsyncEvent]) -> list[AsyncEvent]:
        kept = [e for e in events if not isinstance(e, Downloaded | Examined | Polled)]
        end = next(event for event in events if _is_the_end(event))
        return spoiled([*kept, end], Polled, status="failed", job_error="refused")

    def held(events: list[AsyncEvent], seconds: float = 1.1) -> list[AsyncEvent]:
        came = _the_delivery(events).at
        return spoiled(failed_later(events), Delivered, nemesis="H", began=came - seconds)

    hardly = partial(held, seconds=0.9)
    made = [Made(defect, (asked,)) for defect in (held, failed_later, hardly)]
    assert _found("CBK-7", *made) == ["job_002", "job_003"]


@pytest.mark.parametrize("asked", [Provocation.RECEIVER_HOLDS, Provocation.RECEIVER_REFUSES])
@pytest.mark.parametrize("told", ["failed", "processing"])
def test_no_receiver_is_to_blame_for_what_it_was_told_first(asked: Provocation, told: str) -> None:
    """The job completed, by its polls."""

    def called(events: list[AsyncEvent]) -> list[AsyncEvent]:
        fields = {"job_id": "id-job_001", "status": told}
        return spoiled(events, Delivered, nemesis="HoldsFirst", began=0.0, fields=fields)

    assert _found("CBK-7", Made(called, (asked,))) == ["job_001"]


def _found(clause: str, *made: Made) -> list[str]:
    return [f.job for f in verdict_of(run([list(made)]), {}).findings if f.clause == clause]


@pytest.mark.parametrize("asked", [Provocation.RECEIVER_HOLDS, Provocation.RECEIVER_REFUSES])
@pytest.mark.parametrize(("told", "found"), [("failed", ["SCH-2"]), ("completed", [])])
def test_no_receiver_is_to_blame_for_a_failure_that_it_was_told_of(
    asked: Provocation, told: str, found: list[str]
) -> None:
    """A job that completed, by its callback, and failed afterwards, failed by the receiver."""

    def failed(events: list[AsyncEvent]) -> list[AsyncEvent]:
        sent = next(event for event in events if isinstance(event, Delivered))
        fields = {"job_id": sent.fields["job_id"], "status": told, "error": "out of memory"}
        tried = spoiled(events, Delivered, nemesis="AnswersError", answered=500, fields=fields)
        kept = [e for e in tried if not isinstance(e, Downloaded | Examined | Polled)]
        end = next(event for event in tried if _is_the_end(event))
        return spoiled([*kept, end], Polled, status="failed", job_error="out of memory")

    verdict = verdict_of(run([[Made(), Made(failed, (asked,))]]), {})
    assert [f.clause for f in verdict.findings if f.clause == "SCH-2"] == found


def test_each_defect_is_found_of_a_job_that_nobody_asked_about() -> None:
    for defect in DEFECTS:
        verdict = verdict_of(run([[Made()], [Made(defect)]]), {})
        assert verdict.outcome is Outcome.FAIL, defect
