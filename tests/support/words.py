"""Hand-written histories that are told in words, and what a check says of them."""

from typing import Any

import msgspec

from asyncproof.checks import BY_NAME
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
    RunStarted,
    Submitted,
)
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.workload.expiries import EXPIRY, Expiry
from asyncproof.workload.special_cases import CASE, Meant
from tests.support.histories import (
    SILENT,
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

Events = list[AsyncEvent]
BEGAN = RunStarted(at=0.0, run="r", seed=1, wall=1767225600.0, target="t", settings={})
GOOD = CallbackSection(status="delivered", status_code=200, payload_status="completed")


def job(*spoils: Spoil) -> Events:
    events = good_job("job_001")
    for spoil in spoils:
        events = spoil(events)
    return events


def of(kind: type[Any], **changes: Any) -> Spoil:
    return lambda events: spoiled(events, kind, **changes)


def lost(events: Events) -> Events:
    return without(events, Delivered)


def section(**changes: Any) -> Spoil:
    return of(Polled, callback=msgspec.structs.replace(GOOD, **changes))


def hangs(life: JobHealth, stage: Stage, *percents: float, error: str = "") -> Spoil:
    """The job shows these percentages in turn, a second apart, and is given up at 9 s."""

    def spoil(events: Events) -> Events:
        status = "queued" if stage is Stage.QUEUED else "processing"
        shown = [
            Polled(at=1.0 + n, job="job_001", took=0.0, status_code=200, status=status, progress=p)
            for n, p in enumerate(percents)
        ]
        last = [Polled(at=8.9, job="job_001", took=0.0, error=error)] if error else []
        best = max(percents, default=None)
        found = Diagnosis(life=life, stage=stage, progress=best, silent=1.5, still=8.0, total=9.0)
        gave_up = msgspec.structs.replace(SILENT, diagnosis=found)
        kept = [e for e in events if not isinstance(e, Polled | Downloaded | GaveUp)]
        return [*kept, *shown, *last, gave_up]

    return spoil


def expired(kind: Expiry, *spoils: Spoil) -> Events:
    request = {"expiry": "2026-01-01T00:00:01Z"}
    return job(of(Submitted, tags={EXPIRY: kind}, request=request), *spoils)


def stray() -> Spoil:
    """The job's callback came to the plain url, where nobody could tell whose it was."""
    unread: dict[str, Any] = {
        "token": None,
        "path": "/callback",
        "fields": {},
        "stored": False,
        "answered": 401,
    }
    return of(Delivered, **unread, secret="foreign", secret_owner="token-job_001")


def drawn(name: str, picture: str, at: float, **request: Any) -> Events:
    events = spoiled(good_job(name, at, **request), Downloaded, file=a_picture(picture))
    return spoiled(events, Delivered, image=a_picture(picture))


def pair(**differing: Any) -> list[Events]:
    """Two jobs with one picture; the requests differ in these fields only."""
    other = {"seed": 7, **differing}
    return [drawn("job_001", "a", 0.0, seed=7), drawn("job_002", "a", 3.0, **other)]


def refused(case: str, code: int = 202) -> Events:
    events: Events = [e for e in good_job("job_001") if isinstance(e, Submitted | Answered)]
    return spoiled(tagged(events, Meant.REFUSED, case), Answered, status_code=code, body=130 * "x")


def answered(probe: str, code: int, **changes: Any) -> Spoil:
    return plus(probed(probe, code, at=5.0, tags={"job": "job_001", CASE: "status"}, **changes))


def blank(name: str) -> Examined:
    sha = a_picture(name).sha256
    return Examined(at=1.9, sha256=sha, width=64, height=64, suspicions=("all",), signs=("solid",))


def resets(**changes: Any) -> Spoil:
    return of(Delivered, answered=None, broken="reset by us", nemesis="Resets", **changes)


OTHER = good_job("job_002", at=0.1)
Row = tuple[str, list[Events], str, str]


def assert_told(row: Row) -> None:
    """The check of this name reports one finding, with these words in it and in its advice."""
    name, jobs, told, advice = row
    result = BY_NAME[name](build([BEGAN, *scenario(*jobs)]))
    assert not result.crash
    (finding,) = result.findings
    assert told in str(finding)
    assert advice in finding.advice
