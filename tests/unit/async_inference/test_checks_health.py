"""HLT on hand-written histories: what each check reports, and what it is blind to."""

import pytest

from tests.e2e.async_inference.cases import HEALTH_AFTER, HEALTH_BUSY, HEALTH_IDLE
from tests.e2e.async_inference.checks import health
from tests.e2e.async_inference.events import AsyncEvent
from tests.unit.async_inference.histories import SILENT, Family, Spoil, good_job, plus, probed

FAMILY = Family(
    health.healthy_when_idle,
    health.healthy_when_busy,
    health.health_tells_when_nothing_works,
    health.health_answers_quickly,
)
WELL, ILL = '{"status": "healthy"}', '{"status": "Unhealthy"}'


def stuck(*beside: AsyncEvent) -> Spoil:
    """The job never ends."""

    def spoil(events: list[AsyncEvent]) -> list[AsyncEvent]:
        begun = [e for e in events if e.at < 1.0]
        return [*begun, SILENT, *beside]

    return spoil


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
    ("healthy afterwards", plus(probed(HEALTH_AFTER, 200)), set()),
    ("stuck and healthy", stuck(probed(HEALTH_AFTER, 200, at=9.5)), {"HLT-3"}),
    ("stuck and 503", stuck(probed(HEALTH_AFTER, 503, at=9.5)), set()),
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
