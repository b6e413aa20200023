"""One job in flight: what has been seen of it and what to do next. No socket, no clock.

The driver asks :meth:`JobState.next_step` after everything that happened to the job.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

import msgspec

from asyncproof.history.events import Answered, CallbackSection, Delivered, Polled
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.liveness.clocks import Budgets, Clocks
from asyncproof.vocabulary import CALLBACK_STATUSES, TERMINAL
from asyncproof.wire import protocol
from asyncproof.workload.scenario import Job


@dataclass(frozen=True, slots=True)
class PreparedJob:
    """A job made ready to leave: its name in this run, its callback and the token that names it."""

    job: Job
    name: str
    callback: protocol.Callback | None
    token: str = ""


# Of a scenario's time its jobs have at least these, however long its receivers take.
LEAST_SHARE, MOST_SHARE = 0.3, 0.6
SEEN_WITHIN = 5.0  # seconds after a limit; polls may be that far apart


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to poll, and how long to wait for what (seconds).

    ``tells_delivery``: the miner says what became of a callback; else the callback itself is
    waited for. ``retry_wait``: how long the promised retry of a delivery is waited for that our
    receiver failed; None where none is.
    """

    poll_interval: float
    callback_timeout: float
    budgets: Budgets
    tells_delivery: bool = True
    retry_wait: float | None = None

    @property
    def settling(self) -> float:
        """How long a job that has ended may take until nothing more is asked about it."""
        return max(self.callback_timeout, self.retry_wait or 0.0)

    def for_the_work(self, seconds: float) -> float:
        """How long the jobs of a scenario may take that ends within ``seconds``: callbacks that are
        still to come have their time afterwards.

        However long receivers take, it is as long as it takes to see that a job waits in vain for
        its turn, if a part of the time is enough for that.
        """
        in_vain = self.budgets.still(Stage.QUEUED) + SEEN_WITHIN
        least = min(max(in_vain, LEAST_SHARE * seconds), MOST_SHARE * seconds)
        return max(seconds - self.settling, least)


class Act(StrEnum):
    POLL = "poll"
    DOWNLOAD = "download"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with the job, when, and (on giving up) what did not come, and why."""

    act: Act
    at: float
    waiting_for: str = ""
    diagnosis: Diagnosis | None = None


MOST_WAITS = 10  # in a row
NO_TIME_LEFT = "a terminal state, until the time of this test was up"
# After a delivery the miner's own statement follows at once, or one poll later: look soon, then
# less and less often, until the ordinary interval is reached.
FIRST_LOOK = 0.02
FAIR = 1.0  # seconds; no miner is accused of an answer that nobody waited for
MOST_DOUBLINGS = 30  # half a year: longer than any interval, and far from overflowing
# A miner that claims a delivery which has not arrived may be a moment ahead of our own event loop.
CLAIM_GRACE = 1.0
# A miner keeps records for a while only; what ended longer ago than this is not asked for again.
KEPT_FOR = 60.0
# A process that is started again listens again within this time (seconds); a frozen one, or one
# behind a network that is down, still has a port, and is waited for as the settings say.
GONE_AFTER = 15.0


@dataclass(slots=True, eq=False)
class JobState:
    """The state of one job. ``turn`` makes wake-ups that were overtaken by another void; no poll is
    sent before ``not_before``, where the miner asked to wait; once the job is ``over``, a callback
    that comes in late does not end it a second time. ``stalled`` are its clocks when it was given
    up for making no progress; ``nobody_since`` is since when nobody listens where it is polled;
    ``attempted``: a callback of it came, whole or not; ``retry_until``: that was failed by our
    receiver, and is to come again until then; ``terminal_body`` the answer that told of its end,
    which may hold the picture."""

    prepared: PreparedJob
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
    terminal_body: bytes = b""
    claimed_at: float | None = None
    delivered_at: float | None = None
    attempted: bool = False
    retry_until: float | None = None
    link: str = ""
    looks: int = 0
    turn: int = 0
    not_before: float = 0.0
    waits: int = 0
    over: bool = False
    stalled: Clocks | None = None
    nobody_since: float | None = None

    def told_to_wait(self, answer: protocol.MinerAnswer, now: float) -> float | None:
        """How long to wait before the next poll, where the miner asks for it; None where it does
        not, or has asked so often in a row that it seems never to end.

        That it asks is a sign of life.
        """
        if not answer.asks_to_wait or self.waits >= MOST_WAITS:
            return None
        wait = answer.retry_after or 0.0
        self.waits += 1
        self.not_before = now + wait
        self.clocks = msgspec.structs.replace(self.clocks, heard=now + wait)
        return wait

    def repeated(self, answer: protocol.MinerAnswer, now: float) -> bool:
        """Whether this answer is the last one again; then it is counted here."""
        if answer.error or (answer.status_code, answer.body) != self.last_answer:
            return False
        self.waits = 0
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

    def saw(self, polled: Polled, answer: protocol.MinerAnswer) -> None:
        """An answer that differs from the one before it. An unreadable one keeps no clock going."""
        if not answer.nobody_there:
            self.nobody_since = None
        elif self.nobody_since is None:
            self.nobody_since = polled.at
        self.last_answer = (answer.status_code, answer.body)
        self.readable = polled.status is not None
        self.waits = 0
        if polled.status is None:
            return
        self.clocks = self.clocks.heard_at(polled.at, polled.status, polled.progress)
        self.last = polled
        if self.terminal_at is None and polled.status in TERMINAL:
            self.terminal_at, self.terminal_body = polled.at, answer.body
        if self.claimed_at is None and _settled(polled.callback):
            self.claimed_at = polled.at

    def tried(self, event: Delivered, pace: Pace) -> None:
        """A callback about its end came, whole or not. The first that our receiver failed is waited
        for once more, where a retry is promised; that may be held as long as this one was."""
        held = event.at - event.began
        waits = not self.attempted and event.was_failed and pace.retry_wait is not None
        self.retry_until = event.at + (pace.retry_wait or 0.0) + held if waits else None
        self.attempted = True

    def delivered(self, at: float, link: str = "") -> None:
        """A callback of this job reached us; ``link`` is its image_url."""
        self.link = self.link or link
        if self.delivered_at is None:
            self.delivered_at = at
            self.looks = 0

    @property
    def completed(self) -> bool:
        """Whether its last readable status says so."""
        return self.last is not None and self.last.status == "completed"

    @property
    def moved_again(self) -> bool:
        """Whether it had been given up as stalled, and was seen to move after all."""
        if self.stalled is None:
            return False
        return self.terminal_at is not None or self.clocks.moved > self.stalled.moved

    def ended_lately(self, now: float) -> bool:
        """Whether the job ended so short a time ago that the miner still owes its status."""
        return self.terminal_at is not None and now - self.terminal_at < KEPT_FOR

    def patience(self, now: float, pace: Pace) -> float:
        """How long an answer to a poll is waited for: until the silence would be too long.

        A poll that left late, because this machine is busy, is given a fair time all the same.
        """
        return max(self.clocks.heard + pace.budgets.silence - now, pace.poll_interval, FAIR)

    def next_step(self, now: float, pace: Pace, worked: float = -inf) -> Step:
        """What comes next: another poll, the download (the job has settled), or giving up.

        ``worked`` is when any job last showed that the miner works.
        """
        if self.terminal_at is None:
            return self._while_working(now, pace, worked)
        return self._while_settling(now, pace, self.terminal_at)

    def within(self, step: Step, now: float, pace: Pace, until: float) -> Step:
        """The step, or giving up where there is no time left: that is nobody's fault."""
        if now < until:
            return replace(step, at=min(step.at, until))
        found = self.clocks.diagnose(now, pace.budgets)
        return Step(Act.GIVE_UP, now, NO_TIME_LEFT, replace(found, life=JobHealth.FINE))

    def _while_working(self, now: float, pace: Pace, worked: float) -> Step:
        """A job that is certainly hung is given up at once, long before its time is up."""
        if self.nobody_since is not None and now - self.nobody_since > GONE_AFTER:
            none_left = replace(pace.budgets, silence=0.0)
            return Step(
                Act.GIVE_UP, now, "a terminal state", self.clocks.diagnose(now, none_left, worked)
            )
        if self.clocks.life(now, pace.budgets, worked).hung:
            diagnosis = self.clocks.diagnose(now, pace.budgets, worked)
            return Step(Act.GIVE_UP, now, "a terminal state", diagnosis)
        deadline = self.clocks.deadline(pace.budgets, worked)
        return Step(Act.POLL, min(self._next_look(now, pace), deadline + 0.001))

    def _while_settling(self, now: float, pace: Pace, terminal_at: float) -> Step:
        missing = self._missing(now) if pace.tells_delivery else self._undelivered()
        if missing and now - terminal_at > pace.callback_timeout:
            return Step(Act.GIVE_UP, now, missing)
        if missing or self._awaits_retry(now, pace):
            return Step(Act.POLL, self._next_look(now, pace))
        return Step(Act.DOWNLOAD, now)

    def _awaits_retry(self, now: float, pace: Pace) -> bool:
        """Whether the retry is still to come that is promised; nobody gives it up: whether it came
        is a question for the judge."""
        if self.attempted or pace.retry_wait is None:
            return self.retry_until is not None and now < self.retry_until
        # The miner's statement may be a moment ahead of our own event loop.
        told = self.claimed_at if self.prepared.callback else None
        return told is not None and now - told <= CLAIM_GRACE

    def _undelivered(self) -> str:
        """What the settled job still lacks where its miner tells nothing of deliveries."""
        waiting = self.prepared.callback is not None and not self.attempted
        return "its callback" if waiting else ""

    def _missing(self, now: float) -> str:
        """What the settled job still lacks: the miner's statement, or a delivery that it claims."""
        if self.claimed_at is None:
            return "the callback section of the status"
        section = self.last.callback if self.last else None
        claims = section is not None and section.status == "delivered"
        early = now - self.claimed_at <= CLAIM_GRACE
        if claims and early and self.prepared.callback and self.delivered_at is None:
            return "the delivery that it claims"
        return ""

    def _next_look(self, now: float, pace: Pace) -> float:
        """Soon after a delivery or a terminal state, else one interval from now."""
        if self.delivered_at is None and self.terminal_at is None:
            return now + pace.poll_interval
        self.looks = min(self.looks + 1, MOST_DOUBLINGS)
        return now + min(pace.poll_interval, FIRST_LOOK * 2.0**self.looks)


def _settled(section: CallbackSection | None) -> bool:
    return section is not None and section.status in CALLBACK_STATUSES
