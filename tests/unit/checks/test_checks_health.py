"""HLT on hand-written histories: what each check reports, and what it is blind to."""

from dataclasses import replace

import msgspec
import pytest

from asyncproof.checks import health, scheduling
from asyncproof.facts.engine import SPECIAL, SUSPECT
from asyncproof.history.events import AsyncEvent, Polled, Submitted
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.wire.protocol import BODY_KEPT
from asyncproof.workload.special_cases import HEALTH_AFTER, HEALTH_BUSY, HEALTH_IDLE, PAGE
from tests.support.histories import (
    SILENT,
    Family,
    Spoil,
    good_job,
    plus,
    probed,
    spoiled,
)

FAMILY = Family(
    health.healthy_when_idle,
    health.healthy_when_busy,
    health.health_tells_when_nothing_works,
    health.health_answers_quickly,
    health.open_pages_are_steady,
    scheduling.one_job_does_not_end_all_work,
)
LONG = '{"status": "healthy", "jobs": "' + BODY_KEPT * "x"
WELL, ILL = '{"status": "healthy"}', '{"status": "Unhealthy"}'


AFTER = {SUSPECT: "job_017: unknown LoRA", SPECIAL: "unknown LoRA"}
HUNG = Diagnosis(
    life=JobHealth.STALLED, stage=Stage.STEPPING, progress=42, silent=0, still=9, total=9
)


def stuck(*beside: AsyncEvent) -> Spoil:
    """The job never ends."""

    def spoil(events: list[AsyncEvent]) -> list[AsyncEvent]:
        begun = [e for e in events if e.at < 1.0]
        return [*begun, SILENT, *beside]

    return spoil


def busy(*answers: tuple[int, str], at: float = 0.15) -> Spoil:
    return plus(*(probed(HEALTH_BUSY, code, at=at, body=body) for code, body in answers))


def after(tags: dict[str, str], spoil: Spoil) -> Spoil:
    """The job is the plain one after a job that the engine may have died of."""
    return lambda events: spoil(spoiled(events, Submitted, tags=tags))


def given_up(life: JobHealth) -> Spoil:
    """The job was given up for this reason."""
    found = msgspec.structs.replace(SILENT, diagnosis=replace(HUNG, life=life))
    return lambda events: [*(e for e in events if e.at < 1.0), found]


SPOILED: list[tuple[str, Spoil, set[str]]] = [
    ("healthy", plus(probed(HEALTH_IDLE, 200, at=0.0, body=WELL)), set()),
    ("healthy in a form of its own", plus(probed(HEALTH_IDLE, 200, at=0.0, body="ok")), set()),
    ("503 when idle", plus(probed(HEALTH_IDLE, 503, at=0.0)), {"HLT-1"}),
    ("ill when idle, in words", plus(probed(HEALTH_IDLE, 200, at=0.0, body=ILL)), {"HLT-1"}),
    ("503 when busy", plus(probed(HEALTH_BUSY, 503, at=0.15)), {"HLT-2"}),
    ("503 when perhaps all was done", plus(probed(HEALTH_BUSY, 503, at=1.6)), set()),
    ("slow when busy", plus(probed(HEALTH_BUSY, 200, at=0.15, took=1.2)), {"HLT-4"}),
    (
        "slow once",
        plus(*(probed(HEALTH_BUSY, 200, at=0.15, took=took) for took in (9.0, 0.1, 0.1))),
        set(),
    ),
    ("broke down when busy", busy((200, WELL), (500, "oops"), (200, WELL)), {"HLT-5"}),
    ("text once", busy((200, WELL), (200, "OK"), (200, WELL)), {"HLT-5"}),
    ("always text", busy((200, "OK"), (200, "OK")), set()),
    ("JSON cut off", busy((200, WELL), (200, WELL[:9]), (200, WELL)), {"HLT-5"}),
    ("a long answer, of which the start was kept", busy((200, WELL), (200, LONG)), set()),
    ("not ready once", busy((200, WELL), (503, WELL), at=1.6), set()),
    ("no front page", plus(probed(PAGE, 404), probed(PAGE, 404)), set()),
    ("a front page for people", plus(probed(PAGE, 200, body="<html>")), set()),
    ("a front page that breaks", plus(probed(PAGE, 200), probed(PAGE, 500)), {"HLT-5"}),
    ("no answer", plus(probed(PAGE, None, error="reset by peer")), {"HLT-5"}),
    ("healthy afterwards", plus(probed(HEALTH_AFTER, 200)), set()),
    ("stuck and healthy", stuck(probed(HEALTH_AFTER, 200, at=9.5)), {"HLT-3"}),
    ("stuck and 503", stuck(probed(HEALTH_AFTER, 503, at=9.5)), set()),
    (
        "healthy, and jobs end as timeout only",
        lambda e: [*spoiled(e, Polled, status="timeout"), probed(HEALTH_AFTER, 200)],
        {"HLT-3"},
    ),
    ("dead since a special job", after(AFTER, stuck(probed(HEALTH_AFTER, 503))), {"SCH-9"}),
    ("dead since a plain job", after({SUSPECT: "job_017"}, stuck()), set()),
    ("alive after a special job", after(AFTER, plus(probed(HEALTH_AFTER, 200))), set()),
    ("no answer about it any more", after(AFTER, given_up(JobHealth.DEAD)), set()),
    ("our time was up", after(AFTER, given_up(JobHealth.FINE)), set()),
    ("stalled since a special job", after(AFTER, given_up(JobHealth.STALLED)), {"SCH-9"}),
    ("stuck and ill, in words", stuck(probed(HEALTH_AFTER, 200, at=9.5, body=ILL)), set()),
]


@pytest.mark.parametrize(
    ("spoil", "expected"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED]
)
def test_each_defect_is_reported_by_its_clause_and_by_no_other(
    spoil: Spoil, expected: set[str]
) -> None:
    assert FAMILY.reported(spoil(good_job("job_001"))) == expected


def test_a_miner_that_does_no_work_is_not_blamed_for_saying_so() -> None:
    spoil = stuck(probed(HEALTH_IDLE, 503, at=0.0), probed(HEALTH_AFTER, 503, at=9.5))
    assert FAMILY.reported(spoil(good_job("job_001")), beside=False) == set()


def test_every_check_of_the_family_reports_something() -> None:
    assert set().union(*(row[2] for row in SPOILED)) == FAMILY.clauses
