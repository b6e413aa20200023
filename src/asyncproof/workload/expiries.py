"""Jobs whose callback expires: ahead of us, behind us or in between, written in every way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from enum import StrEnum

from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import Job

EXPIRY = "expiry"
FAR, NEAR, DAYS = timedelta(hours=2), timedelta(minutes=10), timedelta(days=2)
WEST, EAST = timedelta(hours=-11), timedelta(hours=11)
PASSING_AFTER = (0.1, 0.4)  # seconds
MALFORMED = ("tomorrow", "2026-13-45T99:00:00Z", "12:00", "2026-01-01 at noon")


class Expiry(StrEnum):
    """What a job's expiry is like."""

    AHEAD = "ahead"
    PAST = "past"
    PASSING = "passing"
    OFFSET_AHEAD = "ahead, with an offset"
    OFFSET_PAST = "past, with an offset"
    NAIVE_AHEAD = "ahead, without an offset"
    NAIVE_PAST = "past, without an offset"
    MALFORMED = "malformed"


def of_every_kind(draw: Callable[[], Job], now: datetime) -> list[Job]:
    """One job for each way. ``now`` is aware.

    With an offset, the written hour of what is ahead lies behind us, and the other way round.
    Without one, it is two days away, which no time zone makes up for.
    """
    west, east = timezone(WEST), timezone(EAST)
    written: dict[Expiry, timedelta | str] = {
        Expiry.AHEAD: NEAR,
        Expiry.PAST: -NEAR,
        Expiry.OFFSET_AHEAD: (now + FAR).astimezone(west).isoformat(timespec="seconds"),
        Expiry.OFFSET_PAST: (now - FAR).astimezone(east).isoformat(timespec="seconds"),
        Expiry.NAIVE_AHEAD: f"{now + DAYS:%Y-%m-%dT%H:%M:%S}",
        Expiry.NAIVE_PAST: f"{now - DAYS:%Y-%m-%dT%H:%M:%S}",
    }
    return [with_expiry(draw(), kind, expiry) for kind, expiry in written.items()]


def malformed(draw: Callable[[], Job]) -> list[Job]:
    return [with_expiry(draw(), Expiry.MALFORMED, text) for text in MALFORMED]


def passing(draw: Callable[[], Job]) -> list[Job]:
    """Jobs whose expiry passes soon after their submission: the earlier one while its job waits or
    is at work, the later one, which leaves before all others, while its job is at work."""
    soon, later = (
        with_expiry(draw(), Expiry.PASSING, timedelta(seconds=after)) for after in PASSING_AFTER
    )
    return [replace(later, leaves_first=True), soon]


def with_expiry(job: Job, kind: Expiry, expiry: timedelta | str) -> Job:
    refusal = {Provocation.REFUSAL} if kind is Expiry.MALFORMED else set()
    tagged = replace(job, expiry=expiry).tagged(**{EXPIRY: kind})
    return tagged.provoking(Provocation.EXPIRY, *refusal)
