"""Is a job alive? Three clocks, seen from outside: silence, progress, total.

*Silence* runs since the last readable answer about the job. *Progress* runs since its high-water
mark rose: a percentage that swings or falls is no progress, and neither is a status that
alternates. *Total* runs while the job is worked on: time in the queue does not count. A job that
never reports a percentage is judged by silence and total only. All times are seconds of a monotonic
clock and are arguments; nothing here waits or reads a clock.
"""

from dataclasses import dataclass
from math import inf

import msgspec

from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.settings import Settings
from asyncproof.vocabulary import TERMINAL

# A miner may give up a hung attempt itself and restart the job, once.
ATTEMPTS = 2
# The rate is judged once it was observed for this part of the time that a whole job takes at the
# minimum rate, and after a minute at the latest.
PART_SEEN, LONGEST_LOOK = 0.1, 60.0
# Seconds that the latest rises have to span before their own pace is judged: a bar that is fed by a
# clock comes nearer and nearer to 100 and never arrives, and its pace on the whole looks good.
RECENT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Seconds that each clock may run before a job counts as hung; ``rate`` is the minimum rate in
    percent per minute (0: any rate)."""

    silence: float
    step: float
    total: float
    first_step: float = 0.0
    preload: float = 0.0
    download: float = 0.0
    post_process: float = 0.0
    process: float = 0.0
    rate: float = 0.0

    @classmethod
    def of(cls, settings: Settings) -> "Budgets":
        """A miner may show a job as unfinished until its callback was tried, so this time is added
        to the time for post-processing."""
        return cls(
            silence=max(settings.silence_timeout, 3 * settings.poll_interval),
            step=settings.step_timeout,
            total=settings.job_timeout,
            first_step=settings.first_step_timeout,
            preload=settings.preload_timeout,
            download=settings.download_timeout,
            post_process=settings.post_process_timeout + settings.callback_timeout,
            process=settings.process_timeout,
            rate=settings.least_rate,
        )

    def still(self, stage: Stage) -> float:
        """How long a job may make no progress in this stage.

        Loading the model, fetching a LoRA and computing the first step look the same from outside,
        so their limits add up. A queued job may wait as long as the jobs ahead of it may take
        without progress.
        """
        match stage:
            case Stage.QUEUED:
                ahead = (Stage.STARTING, Stage.STEPPING, Stage.FINISHING)
                return max(self.process, *(min(self.still(a), self.total) for a in ahead))
            case Stage.STARTING:
                return self.preload + self.download + max(self.first_step, self.step)
            case Stage.STEPPING:
                return self.step
            case Stage.FINISHING:
                return self.post_process
        return inf


_QUEUED, _WORKING, _ENDED = range(3)


class Clocks(msgspec.Struct, frozen=True):
    """What was observed of one job, and when: a struct, because each poll makes a new one.

    ``best`` is the highest progress in percent, ``first`` the first one above 0, seen at
    ``first_at``; ``reached`` is how far its status has come; ``taken_up`` is when it was first seen
    out of the queue. ``recent`` is the pace of the last rises that span :data:`RECENT`; the next
    ones count from ``mark``, seen at ``mark_at``.
    """

    began: float
    heard: float
    moved: float
    status: str | None = None
    reached: int = _QUEUED
    best: float | None = None
    first: float = 0.0
    first_at: float = 0.0
    recent: float | None = None
    mark: float = 0.0
    mark_at: float = 0.0
    attempt: int = 1
    taken_up: float = inf

    @classmethod
    def started(cls, at: float) -> "Clocks":
        return cls(began=at, heard=at, moved=at)

    def heard_at(self, at: float, status: str | None, progress: float | None) -> "Clocks":
        """A readable answer arrived. ``completed`` is 100 %, whatever percentage comes with it."""
        if self._begins_anew(status, progress):
            again = msgspec.structs.replace(
                Clocks.started(at),
                began=self.began,
                taken_up=self.taken_up,
                attempt=self.attempt + 1,
            )
            return again.heard_at(at, status, progress)
        if status == "completed":
            progress = 100.0
        best, reached = self.best, max(self.reached, _rank(status))
        if progress is not None and (best is None or progress > best):
            best = progress
        rose = reached > self.reached or (best or 0) > (self.best or 0)
        first = bool(best) and not self.first
        recent, mark, mark_at = self._recently(at, best or 0.0)
        return Clocks(
            began=self.began,
            heard=at,
            moved=at if rose else self.moved,
            status=status,
            reached=reached,
            best=best,
            first=(best or 0.0) if first else self.first,
            first_at=at if first else self.first_at,
            recent=recent,
            mark=mark,
            mark_at=mark_at,
            attempt=self.attempt,
            taken_up=min(at, self.taken_up) if reached > _QUEUED else self.taken_up,
        )

    def _recently(self, at: float, best: float) -> tuple[float | None, float, float]:
        """The recent pace with the next mark, now that the highest percentage is ``best``."""
        if best <= (self.best or 0.0):
            return self.recent, self.mark, self.mark_at
        if not self.mark:
            return None, best, at
        if at - self.mark_at < RECENT:
            return self.recent, self.mark, self.mark_at
        return (best - self.mark) * 60 / (at - self.mark_at), best, at

    def _begins_anew(self, status: str | None, progress: float | None) -> bool:
        """Back in the queue, or at 0 % after more than that, while another attempt is allowed."""
        back = _rank(status) < self.reached or (progress == 0 and bool(self.best))
        return back and _rank(status) < _ENDED and self.attempt < ATTEMPTS

    @property
    def stage(self) -> Stage:
        if self.reached == _QUEUED:
            return Stage.QUEUED
        if self.best is None:
            return Stage.UNMEASURED
        if self.best <= 0:
            return Stage.STARTING
        return Stage.STEPPING if self.best < 100 else Stage.FINISHING

    @property
    def pace(self) -> float | None:
        """Percent per minute between the first and the last rise; None with fewer than two
        rises."""
        span = self.moved - self.first_at
        if self.best is None or self.best <= self.first or span <= 0:
            return None
        return (self.best - self.first) * 60 / span

    def creeps(self, rate: float) -> bool:
        """Whether it rose under this rate lately, whatever its pace was before."""
        return self.recent is not None and rate > 0 and self.recent < rate

    def slow(self, rate: float) -> bool:
        """Whether its rate was below this for long enough to be sure."""
        if self.pace is None or rate <= 0:
            return False
        look = min(PART_SEEN * 100 * 60 / rate, LONGEST_LOOK)
        return self.pace < rate and self.moved - self.first_at >= look

    @property
    def miner_worked(self) -> float:
        """When this job last showed that its miner works: its last progress or, without a
        percentage, the last answer that it was in work. A queued job shows nothing."""
        if self.stage is Stage.QUEUED:
            return -inf
        return self.heard if self.stage is Stage.UNMEASURED else self.moved

    def life(self, at: float, budgets: Budgets, worked: float = -inf) -> JobHealth:
        """The state of the job now. ``worked`` is when any job last showed that the miner works:
        while it does, a job that waits in its queue is not suspicious."""
        if at - self.heard > budgets.silence:
            return JobHealth.DEAD
        if at - self._risen(worked) > budgets.still(self.stage):
            return JobHealth.STARVING if self.stage is Stage.QUEUED else JobHealth.STALLED
        if at - self.taken_up > budgets.total:
            return JobHealth.OVERDUE
        slow = self.slow(budgets.rate) or self.creeps(budgets.rate)
        return JobHealth.SLOW if slow else JobHealth.FINE

    def diagnose(self, at: float, budgets: Budgets, worked: float = -inf) -> Diagnosis:
        """The same, with the details for a report."""
        life = self.life(at, budgets, worked)
        return Diagnosis(
            life=life,
            stage=self.stage,
            progress=self.best,
            silent=at - self.heard,
            still=at - self.moved,
            total=max(0.0, at - self.taken_up),
            pace=self.recent if self.creeps(budgets.rate) else self.pace,
            over=self._over(life, at, budgets, worked),
        )

    def _over(self, life: JobHealth, at: float, budgets: Budgets, worked: float) -> float | None:
        """By how much the clock that ran out is over its limit, as far as the job was seen: what an
        answer shows is so until the answer, however late it was asked for."""
        match life:
            case JobHealth.DEAD:
                return at - self.heard - budgets.silence
            case JobHealth.STARVING:
                return at - self._risen(worked) - budgets.still(self.stage)
            case JobHealth.STALLED:
                return self.heard - self.moved - budgets.still(self.stage)
            case JobHealth.OVERDUE:
                return self.heard - self.taken_up - budgets.total
        return None

    def _risen(self, worked: float) -> float:
        return max(self.moved, worked) if self.stage is Stage.QUEUED else self.moved

    def deadline(self, budgets: Budgets, worked: float = -inf) -> float:
        """When the job will count as hung if nothing more is heard of it."""
        return min(
            self.heard + budgets.silence,
            self._risen(worked) + budgets.still(self.stage),
            self.taken_up + budgets.total,
        )


def _rank(status: str | None) -> int:
    """How far a status has come; an unknown word counts as work."""
    if status == "queued":
        return _QUEUED
    return _ENDED if status in TERMINAL else _WORKING
