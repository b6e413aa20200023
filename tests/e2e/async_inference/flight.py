"""One job in flight: what has been seen of it and what to do next. No socket, no clock.

The driver asks :meth:`Flight.next_step` after everything that happened to the job.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.diagnosis import Diagnosis
from tests.e2e.async_inference.events import Answered, CallbackSection, Polled
from tests.e2e.async_inference.liveness import Budgets, Clocks
from tests.e2e.async_inference.scenario import Job


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job made ready to leave: its name in this run, its callback and the token that names it."""

    job: Job
    name: str
    callback: protocol.Callback | None
    token: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to poll, and how long to wait for what (seconds)."""

    poll_interval: float
    callback_timeout: float
    budgets: Budgets


class Act(StrEnum):
    POLL = "poll"
    DOWNLOAD = "download"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with the job, when, and (on giving up) what it was waited for in vain, and why."""

    act: Act
    at: float
    waiting_for: str = ""
    diagnosis: Diagnosis | None = None


# After a delivery the miner's own statement follows at once, or one poll later: look soon, then
# less and less often, until the ordinary interval is reached.
FIRST_LOOK = 0.02
# A miner that claims a delivery which has not arrived may be a moment ahead of our own event loop.
CLAIM_GRACE = 1.0
# A miner keeps records for a while only; what ended longer ago than this is not asked for again.
KEPT_FOR = 60.0


@dataclass(slots=True, eq=False)
class Flight:
    """The state of one job. ``turn`` makes wake-ups that were overtaken by another void; once it is
    ``over``, a callback that comes in late does not end it a second time."""

    assignment: Assignment
    answered: Answered
    job_id: str
    clocks: Clocks
    last_answer: tuple[int | None, bytes] | None = None
    last: Polled | None = None
    readable: bool = False
    repeats: int = 0
    repeats_since: float = 0.0
    slowest: float = 0.0
    terminal_at: float | None = None
    claimed_at: float | None = None
    delivered_at: float | None = None
    looks: int = 0
    turn: int = 0
    over: bool = False

    def repeated(self, answer: protocol.Answer, now: float) -> bool:
        """Whether this answer is the last one again; then it is counted here."""
        if answer.error or (answer.status_code, answer.body) != self.last_answer:
            return False
        if not self.repeats:
            self.repeats_since = now
        self.repeats += 1
        self.slowest = max(self.slowest, answer.took)
        if self.last is not None and self.readable:
            self.clocks = self.clocks.heard_at(now, self.last.status, self.last.progress)
        return True

    def take_repeats(self) -> tuple[int, float, float]:
        """The count of repeated answers, since when, and the slowest; the count starts anew."""
        taken = self.repeats, self.repeats_since, self.slowest
        self.repeats, self.slowest = 0, 0.0
        return taken

    def saw(self, polled: Polled, answer: protocol.Answer) -> None:
        """An answer that differs from the one before it. An unreadable one keeps no clock going."""
        self.last_answer = (answer.status_code, answer.body)
        self.readable = polled.status is not None
        if polled.status is None:
            return
        self.clocks = self.clocks.heard_at(polled.at, polled.status, polled.progress)
        self.last = polled
        if self.terminal_at is None and polled.status in protocol.TERMINAL:
            self.terminal_at = polled.at
        if self.claimed_at is None and _settled(polled.callback):
            self.claimed_at = polled.at

    def delivered(self, at: float) -> None:
        """A callback of this job reached us."""
        if self.delivered_at is None:
            self.delivered_at = at
            self.looks = 0

    def ended_lately(self, now: float) -> bool:
        """Whether the job ended so short a time ago that the miner still owes its status."""
        return self.terminal_at is not None and now - self.terminal_at < KEPT_FOR

    def patience(self, now: float, pace: Pace) -> float:
        """How long an answer to a poll is waited for: until the silence would be too long."""
        return max(self.clocks.heard + pace.budgets.silence - now, pace.poll_interval)

    def next_step(self, now: float, pace: Pace, worked: float = -inf) -> Step:
        """What comes next: another poll, the download (the job has settled), or giving up.

        ``worked`` is when any job last showed that the miner works.
        """
        if self.terminal_at is None:
            return self._while_working(now, pace, worked)
        return self._while_settling(now, pace, self.terminal_at)

    def _while_working(self, now: float, pace: Pace, worked: float) -> Step:
        """A job that is certainly hung is given up at once, long before its time is up."""
        if self.clocks.life(now, pace.budgets, worked).hung:
            diagnosis = self.clocks.diagnose(now, pace.budgets, worked)
            return Step(Act.GIVE_UP, now, "a terminal state", diagnosis)
        deadline = self.clocks.deadline(pace.budgets, worked)
        return Step(Act.POLL, min(self._next_look(now, pace), deadline + 0.001))

    def _while_settling(self, now: float, pace: Pace, terminal_at: float) -> Step:
        missing = self._missing(now)
        if not missing:
            return Step(Act.DOWNLOAD, now)
        if now - terminal_at > pace.callback_timeout:
            return Step(Act.GIVE_UP, now, missing)
        return Step(Act.POLL, self._next_look(now, pace))

    def _missing(self, now: float) -> str:
        """What the settled job still lacks: the miner's statement, or a delivery that it claims."""
        if self.claimed_at is None:
            return "the callback section of the status"
        section = self.last.callback if self.last else None
        claims = section is not None and section.status == "delivered"
        early = now - self.claimed_at <= CLAIM_GRACE
        if claims and early and self.assignment.callback and self.delivered_at is None:
            return "the delivery that it claims"
        return ""

    def _next_look(self, now: float, pace: Pace) -> float:
        """Soon after a delivery or a terminal state, else one interval from now."""
        if self.delivered_at is None and self.terminal_at is None:
            return now + pace.poll_interval
        self.looks += 1
        return now + min(pace.poll_interval, FIRST_LOOK * 2.0**self.looks)


def _settled(section: CallbackSection | None) -> bool:
    return section is not None and section.status in protocol.CALLBACK_STATUSES
