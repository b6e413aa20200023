"""What a strike of a seldom fault leaves in a run, beside runs of a sound miner."""

from typing import Any

import pytest

from reference.catalog import Entry, by_name
from reference.miner.faults import FAULTS
from tests.support.seldom_faults import SIX, WITH_VALUE, Event, Kind, Run, Sound, tried

ID, PICTURE = "0a19f623-8bb9-43e1-a662-0f693e8e7abe", "b1caca234bf1be2d9b0f" * 3


def a_run(*findings: str, struck: bool = True, **changes: dict[str, Any]) -> Run:
    """Of one job; ``changes`` are of its events, by their type."""
    events: dict[str, dict[str, Any]] = {
        "ScenarioStarted": {"name": "test_one"},
        "Submitted": {"job": "job_001", "request": {"prompt": "a fox"}, "token": "t"},
        "Answered": {"job": "job_001", "job_id": ID, "status_url": f"/status/{ID}"},
        "Polled": {"job": "job_001", "status": "completed", "completed_at": "2026-12-01T13:12:37Z"},
        "Delivered": {"token": "t", "image": {"sha256": PICTURE}, "fields": {"job_id": ID}},
    }
    told: tuple[Event, ...] = tuple(
        {"type": kind, "at": 1.5} | fields | changes.get(kind, {})
        for kind, fields in events.items()
    )
    verdict = {"outcome": "X", "findings": [{"clause": clause} for clause in findings]}
    return Run(told, verdict, (ID,) if struck else ())


@pytest.mark.parametrize("struck", [True, False])
@pytest.mark.parametrize(
    ("changes", "trace"),
    [
        ({}, ""),
        ({"Polled": {"completed_at": "2026-12-01T14:00:00Z"}}, ""),
        ({"Polled": {"progress": 50.0}}, ""),
        ({"Polled": {"status": "failed"}}, "Polled.status=failed"),
        ({"Answered": {"status_url": f"/status/{ID[::-1]}"}}, "Answered.status_url=/status/"),
        ({"Delivered": {"image": {"sha256": PICTURE[::-1]}}}, "Delivered.image.sha256="),
    ],
)
def test_a_trace_is_what_no_sound_run_has(
    changes: dict[str, Any], trace: str, struck: bool
) -> None:
    seen = tried("fault", "POL-1", a_run(struck=struck, **changes), Sound([a_run(), a_run()]))
    assert seen.kind is (Kind.UNFOUND if trace else Kind.NO_TRACE)
    assert trace in "".join(seen.told[1:])


def test_the_faults_that_it_names_exist() -> None:
    assert {*SIX, *WITH_VALUE} <= set(by_name(FAULTS, Entry))


@pytest.mark.parametrize(("found", "kind"), [("POL-1", Kind.FOUND), ("CBK-1", Kind.OTHERWISE)])
def test_what_was_found_is_told_by_its_clause(found: str, kind: Kind) -> None:
    seen = tried("fault", "POL-1", a_run(found), Sound([a_run()]))
    assert (seen.kind, seen.told[0]) == (kind, f"X: {found}")
