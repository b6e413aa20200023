"""POL: the times that a miner tells."""

from collections.abc import Iterator
from datetime import UTC, datetime

from asyncproof.facts.owing import unless_absent
from asyncproof.facts.polls import own_polls
from asyncproof.harness.verdict import Ruling, check
from asyncproof.history.events import Polled
from asyncproof.history.history import History, JobRecord
from asyncproof.vocabulary import TERMINAL
from asyncproof.wire import protocol

# A wrong time zone is off by a quarter of an hour at least, clocks that nobody sets by minutes.
SKEW = 180.0
ATTEMPTED = "callback.attempted_at"
ROUNDING = 1.0  # seconds; some miners tell whole seconds


def told(poll: Polled) -> dict[str, str]:
    """The times of the protocol in a poll, by the name of their field."""
    times = {"completed_at": poll.completed_at, "failed_at": poll.failed_at}
    if poll.callback:
        times[ATTEMPTED] = poll.callback.attempted_at
    return {name: text for name, text in times.items() if text}


def all_told(job: JobRecord) -> dict[str, tuple[str, float]]:
    """The last of each time that was told, and when."""
    return {name: (text, p.at) for p in own_polls(job) for name, text in told(p).items()}


def readable(text: str) -> bool:
    """Whether it is a date and a time by ISO 8601, whatever its precision."""
    return len(text) > len("2026-01-01") and protocol.timestamp(text.upper()) is not None


def aware(text: str | None) -> datetime | None:
    """The moment in UTC, None where it is unreadable or of no known time zone."""
    moment = protocol.timestamp((text or "").upper())
    has_offset = moment is not None and protocol.has_offset((text or "").upper())
    return moment.astimezone(UTC) if moment is not None and has_offset else None


@check("POL-6", every_job=True)
def the_end_has_a_time(history: History) -> Iterator[Ruling]:
    """A job that has ended says when, in ``completed_at`` (or ``failed_at``)."""
    for job in history.accepted:
        ends = [p for p in own_polls(job) if p.status in TERMINAL]
        if not ends:
            continue
        if any(p.completed_at or p.failed_at for p in ends):
            yield None
        else:
            yield job.finding(
                "POL-6",
                f"completed_at in the status, since the job is {ends[-1].status}",
                "none",
                at=ends[-1].at,
                advice="set it in the same step as the final status",
                cause=f"{ends[-1].status} without completed_at",
            )


@check("POL-7", every_job=True)
def times_are_iso_8601(history: History) -> Iterator[Ruling]:
    """Every time is written as ISO 8601."""
    for job in history.accepted:
        for name, (text, at) in all_told(job).items():
            if name == ATTEMPTED:
                continue  # CBK looks at it
            if readable(text):
                yield None
                continue
            yield job.finding(
                "POL-7",
                f"{name} in ISO 8601, such as 2026-01-01T12:00:00Z",
                repr(text[:40]),
                at=at,
                advice="write every time by one function, in UTC",
                cause=f"{name} unreadable",
            )


@check("POL-8", every_job=True)
def times_have_an_offset(history: History) -> Iterator[Ruling]:
    """Every time names its offset from UTC."""
    for job in history.accepted:
        for name, (text, at) in all_told(job).items():
            if not readable(text):
                continue
            if protocol.has_offset(text.upper()):
                yield None
                continue
            yield job.finding(
                "POL-8",
                f"{name} with Z or an offset",
                repr(text[:40]),
                at=at,
                advice="without one, a client in another time zone is hours off",
                cause=f"{name} without an offset",
            )


@check("POL-9", every_job=True)
def times_are_plausible(history: History) -> Iterator[Ruling]:
    """A job ended between its submission and the poll that said so, and after it had begun."""
    rulings = _times_are_plausible(history)
    yield from unless_absent(history, rulings, "no time of an end has an offset")


def _times_are_plausible(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        end = next((p for p in own_polls(job) if p.completed_at or p.failed_at), None)
        if end is None:
            continue
        moment = aware(end.completed_at or end.failed_at)
        if moment is None:
            continue
        name = "completed_at" if end.completed_at else "failed_at"
        doubt = _doubt(history, job, end, moment)
        if doubt is not None:
            expected, off, told_otherwise = doubt
            yield job.finding(
                "POL-9",
                f"{name} {expected}",
                f"{end.completed_at or end.failed_at}, {off}",
                at=end.at,
                advice=told_otherwise,
                cause=f"{name} not {expected}",
            )
        else:
            yield None


def _doubt(
    history: History, job: JobRecord, end: Polled, moment: datetime
) -> tuple[str, str, str] | None:
    """What the time had to be, how far it is from that, and what to look at; None if nothing."""
    told_at = moment.timestamp()
    if history.started is not None:
        submitted, seen = history.wall(job.submitted.at), history.wall(end.at)
        if told_at < submitted - SKEW:
            return AFTER_SUBMISSION, *_off(submitted - told_at, "earlier than it was submitted")
        if told_at > seen + SKEW:
            return BEFORE_ANSWER, *_off(told_at - seen, "later than that answer")
    for name, text in (("queued_at", end.queued_at), ("started_at", end.started_at)):
        earlier = aware(text)
        if earlier is not None and told_at < earlier.timestamp() - ROUNDING:
            return f"no earlier than {name}", f"before {name} ({text})", WRONG_FIELD
    return None


AFTER_SUBMISSION = "after the job was submitted"
BEFORE_ANSWER = "no later than the answer that shows it"
WRONG_FIELD = "set each time in the step that it names; one of them is from another step or job"
HOURS = "a difference of whole hours is local time written as UTC: take the time in UTC"
CLOCK = "set the clock of the machine (NTP), and take the time when the job ends"
HOUR, NEARLY = 3600.0, 120.0  # seconds


def _off(seconds: float, than: str) -> tuple[str, str]:
    in_hours = seconds > HOUR / 2 and abs(seconds - HOUR * round(seconds / HOUR)) < NEARLY
    return f"{seconds:.0f} s {than}", HOURS if in_hours else CLOCK
