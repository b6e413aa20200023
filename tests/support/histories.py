"""Hand-written histories: a correct job as events, and ways to spoil one event of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from asyncproof.harness.history_file import Happened
from asyncproof.harness.verdict import Check, Outcome, judge
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Delivered,
    Downloaded,
    Examined,
    File,
    GaveUp,
    Polled,
    Probed,
    ScenarioEnded,
    ScenarioStarted,
    Submitted,
)
from asyncproof.history.history import History
from asyncproof.wire.protocol import JsonBody
from asyncproof.workload.special_cases import CASE, MEANT

T = TypeVar("T", bound=Happened)
EPOCH = datetime(2026, 1, 1)
SILENT = GaveUp(
    at=9.0, job="job_001", waiting_for="a terminal state", last_state="processing", waited=9
)


def a_picture(job: str) -> File:
    return File(
        path=f"pictures/{job}.png",
        sha256=f"sha of {job}",
        size=2_000_000,
        content_type="image/png",
        filename="result.png",
    )


def good_job(name: str = "job_001", at: float = 0.0, **request: Any) -> list[AsyncEvent]:
    """A correct job that leaves at ``at`` and has settled two seconds later."""
    job_id, token, picture = f"id-{name}", f"token-{name}", a_picture(name)
    seed = sum(map(ord, name))
    body: JsonBody = {"prompt": "a fox", "seed": seed, "width": 64, "height": 64, **request}
    section = CallbackSection(status="delivered", status_code=200, payload_status="completed")
    done = f"{(EPOCH + timedelta(seconds=at + 1.0)).isoformat()}Z"
    fields = {"job_id": job_id, "status": "completed", "completed_at": done}
    end = {"status_code": 200, "completed_at": done}
    return [
        Submitted(at=at, job=name, token=token, request=body),
        Answered(at=at + 0.1, job=name, took=0.1, status_code=202, job_id=job_id, status="queued"),
        Polled(at=at + 0.2, job=name, took=0.01, status_code=200, status="queued"),
        Polled(at=at + 0.7, job=name, took=0.01, status_code=200, status="processing", progress=50),
        Delivered(
            at=at + 1.5,
            number=1,
            began=at + 1.4,
            method="POST",
            path=f"/callback/{token}",
            token=token,
            secret="match",
            fields=fields,
            content_type="multipart/form-data; boundary=x",
            image=picture,
            answered=200,
            answer="OK",
            stored=True,
        ),
        Polled(
            at=at + 1.7,
            job=name,
            took=0.01,
            status="completed",
            callback=section,
            **end,  # type: ignore[arg-type]
        ),
        Downloaded(
            at=at + 1.8,
            job=name,
            what="result",
            url=f"/inference/result/{job_id}",
            took=0.05,
            status_code=200,
            file=picture,
        ),
        Examined(at=at + 1.9, sha256=picture.sha256, width=64, height=64),
    ]


def scenario(*jobs: list[AsyncEvent], nemesis: str = "quiet") -> list[AsyncEvent]:
    """Jobs as one scenario, their events in the order of time."""
    events = sorted((event for job in jobs for event in job), key=lambda event: event.at)
    end = events[-1].at if events else 0.0
    start = ScenarioStarted(
        at=0.0, name="made up", nemesis=nemesis, jobs=len(jobs), shape="Burst()"
    )
    return [start, *events, ScenarioEnded(at=end, name="made up")]


def a_history(*jobs: list[AsyncEvent]) -> History:
    return build(scenario(*(jobs or (good_job("job_001"), good_job("job_002", at=0.1)))))


def spoiled(events: Sequence[AsyncEvent], kind: type[T], **changes: Any) -> list[AsyncEvent]:
    """The events with the last one of this kind changed."""
    position = max(n for n, event in enumerate(events) if isinstance(event, kind))
    changed = msgspec.structs.replace(events[position], **changes)
    return [*events[:position], changed, *events[position + 1 :]]


def without(events: list[AsyncEvent], kind: type[Happened]) -> list[AsyncEvent]:
    return [event for event in events if not isinstance(event, kind)]


Spoil = Callable[[list[AsyncEvent]], list[AsyncEvent]]


def plus(*more: AsyncEvent) -> Spoil:
    """Adds events."""
    return lambda events: [*events, *more]


def tagged(events: list[AsyncEvent], meant: str, case: str) -> list[AsyncEvent]:
    """The job as one with this purpose."""
    return spoiled(events, Submitted, tags={MEANT: meant, CASE: case})


def probed(probe: str, code: int | None, at: float = 2.5, **changes: Any) -> Probed:
    """A request beside the jobs and its answer."""
    fields: dict[str, Any] = {"method": "GET", "path": f"/{probe}", "took": 0.01} | changes
    return Probed(at=at, probe=probe, status_code=code, **fields)


class Family:
    """The checks that belong together, applied to one job beside a correct one."""

    def __init__(self, *checks: Check[History]) -> None:
        self.checks = checks
        self.clauses = {clause for check in checks for clause in check.clauses}

    def reported(self, events: list[AsyncEvent], *, beside: bool = True) -> set[str]:
        """The clauses that are reported; no check may crash on the way."""
        history = a_history(events, *([good_job("job_002", at=0.1)] if beside else []))
        verdict = judge(history, self.checks)
        assert not [result.crash for result in verdict.results if result.crash]
        return {finding.clause for finding in verdict.findings}

    def outcome(self, check: Check[History], events: list[AsyncEvent]) -> Outcome:
        return check(a_history(events)).outcome
