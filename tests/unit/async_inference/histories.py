"""Hand-written histories: a correct job as events, and ways to spoil one event of it."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from tests.e2e.async_inference.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Delivered,
    Downloaded,
    Examined,
    File,
    Polled,
    ScenarioEnded,
    ScenarioStarted,
    Submitted,
)
from tests.e2e.async_inference.protocol import Body
from tests.e2e.async_inference.run_history import RunHistory, from_events
from tests.harness.history import Event

T = TypeVar("T", bound=Event)


def a_picture(job: str) -> File:
    return File(path=f"pictures/{job}.png", sha256=f"sha of {job}", size=2_000_000)


def good_job(name: str = "job_001", at: float = 0.0, **request: Any) -> list[AsyncEvent]:
    """A correct job that leaves at ``at`` and has settled two seconds later."""
    job_id, token, picture = f"id-{name}", f"token-{name}", a_picture(name)
    seed = sum(map(ord, name))
    body: Body = {"prompt": "a fox", "seed": seed, "width": 64, "height": 64, **request}
    section = CallbackSection(status="delivered", status_code=200, payload_status="completed")
    fields = {"job_id": job_id, "status": "completed", "completed_at": "2026-01-01T00:00:01Z"}
    end = {"status_code": 200, "completed_at": "2026-01-01T00:00:01Z"}
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


def a_history(*jobs: list[AsyncEvent]) -> RunHistory:
    return from_events(scenario(*(jobs or (good_job("job_001"), good_job("job_002", at=0.1)))))


def spoiled(events: list[AsyncEvent], kind: type[T], **changes: Any) -> list[AsyncEvent]:
    """The events with the last one of this kind changed."""
    position = max(n for n, event in enumerate(events) if isinstance(event, kind))
    changed = msgspec.structs.replace(events[position], **changes)
    return [*events[:position], changed, *events[position + 1 :]]


def without(events: list[AsyncEvent], kind: type[Event]) -> list[AsyncEvent]:
    return [event for event in events if not isinstance(event, kind)]


Spoil = Callable[[list[AsyncEvent]], list[AsyncEvent]]
