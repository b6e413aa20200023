"""Polls accepted jobs until each has settled, and fetches what it promised."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from math import inf

from asyncproof.driver.due_times import DueTimes
from asyncproof.driver.fetcher import Fetcher
from asyncproof.driver.http_client import CONNECTIONS
from asyncproof.driver.job_state import Act, JobState, Pace, Step
from asyncproof.driver.lateness import Lateness
from asyncproof.driver.poller import Poller
from asyncproof.history.events import AsyncEvent, Delivered, GaveUp
from asyncproof.history.job_health import JobHealth, Stage
from asyncproof.liveness.step_times import JobClass, StepTimes
from asyncproof.workload.scenario import Job

MOST_EARLY = 1_000  # callbacks that are kept for jobs whose submission was not answered yet


class JobFollower:
    """Follows any number of jobs with at most ``polls`` polls under way, so that none of them waits
    for a connection: that would look like a miner that does not answer.

    Its work is done by ``tasks``. ``ended`` is called once for each job, when nothing more is asked
    about it. After ``until`` jobs at work are no longer waited for. ``steps`` is what was learned
    of this miner's steps; None: only the budgets of ``pace`` count. ``beside_training`` nothing is
    learned of them. ``given_up`` says whether a job was.
    """

    def __init__(
        self,
        poller: Poller,
        fetcher: Fetcher,
        pace: Pace,
        tasks: asyncio.TaskGroup,
        *,
        clock: Callable[[], float],
        record: Callable[[AsyncEvent], None],
        ended: Callable[[JobState], None],
        steps: StepTimes | None = None,
        until: float = inf,
        polls: int = CONNECTIONS,
        beside_training: bool = False,
    ) -> None:
        self._poller, self._fetcher, self._pace, self._tasks = poller, fetcher, pace, tasks
        self._clock, self._record, self._ended = clock, record, ended
        self._steps, self._until, self._beside_training = steps, until, beside_training
        self._due = DueTimes(clock)
        self._free = asyncio.Semaphore(polls)
        self._by_key: dict[str, JobState] = {}
        self._early: dict[str, Delivered] = {}
        self._worked = -inf
        self.lateness = Lateness(clock, record)
        self.given_up = False

    def follow(self, state: JobState, wait: float = 0.0) -> None:
        """Poll an accepted job from now on, for the first time in ``wait`` seconds."""
        keys = _keys(state)
        self._by_key |= dict.fromkeys(keys, state)
        self._due.set(state, self._clock() + wait)
        early = [self._early.pop(key) for key in keys if key in self._early]
        for event in early:
            self._take(state, event)

    async def run(self) -> None:
        """Poll what is due, until cancelled."""
        while True:
            await self._free.acquire()
            state = await self._due.next()
            self.lateness.add(self._due.late)
            self._tasks.create_task(self._poll(state))

    def attempted(self, event: Delivered) -> None:
        """A callback came in, whole or not: look at its job soon."""
        key = event.token or event.fields.get("job_id", "")
        if key in self._by_key:
            self._take(self._by_key[key], event)
            return
        # It has overtaken the answer to its submission, or belongs to no job that is followed.
        if key not in self._early or self._poller.is_notice(self._early[key]):
            self._early[key] = event
        if len(self._early) > MOST_EARLY:
            del self._early[next(iter(self._early))]

    def _take(self, state: JobState, event: Delivered) -> None:
        if self._poller.is_notice(event):
            self._poller.heard(state, event)
            self._plan(state)
            return
        state.tried(event, self._pace)
        if event.stored:
            state.delivered(self._clock(), event.fields.get("image_url", ""))
            self._poller.heard(state, event)
        if event.stored or not self._pace.tells_delivery:
            self._plan(state)

    async def look(self, state: JobState) -> None:
        """Poll a job once, beside its due times."""
        await self._poller.look(state, state.patience(self._clock(), self._pace))

    async def _poll(self, state: JobState) -> None:
        turn, before = state.turn, state.clocks
        try:
            await self.look(state)
        finally:
            self._free.release()
        if self._steps and not self._beside_training:
            job = state.prepared.job
            self._steps.saw(job_class(job), job.steps or 0, before, state.clocks)
        if turn == state.turn:
            self._plan(state)

    def _plan(self, state: JobState) -> None:
        """Do what comes next for a job of which something was seen."""
        if state.over:
            return
        self._worked = max(self._worked, state.clocks.miner_worked)
        now = self._clock()
        step = state.next_step(now, self._pace_of(state), self._worked)
        if step.act is Act.POLL and state.terminal_at is None:
            step = state.within(step, now, self._pace, self._until)
        if step.act is Act.POLL:
            self._due.set(state, max(step.at, state.not_before))
            return
        state.turn += 1
        state.over = True
        if step.act is Act.GIVE_UP:
            self._give_up(state, step)
        self._tasks.create_task(self._end(state))

    def _pace_of(self, state: JobState) -> Pace:
        """The budgets for this job; where we were late ourselves, it has so much longer."""
        pace = self._pace
        if self._steps is not None:
            kind = job_class(state.prepared.job)
            budgets = self._steps.budgets(
                kind,
                pace.budgets,
                state.clocks,
                self._worked,
                beside_training=self._beside_training,
            )
            pace = replace(pace, budgets=budgets)
        behind = self.lateness.since(state.clocks.heard)
        behind_all = self.lateness.since(max(state.clocks.moved, self._worked))
        if not behind and not behind_all:
            return pace
        usual = pace.budgets
        longer = replace(
            usual,
            silence=usual.silence + behind,
            step=usual.step + behind,
            process=usual.still(Stage.QUEUED) + behind_all,
        )
        return replace(pace, budgets=longer, callback_timeout=pace.callback_timeout + behind)

    def _give_up(self, state: JobState, step: Step) -> None:
        self._poller.flush(state)
        now = self._clock()
        gave_up = GaveUp(
            at=now,
            job=state.prepared.name,
            waiting_for=step.waiting_for,
            last_state=state.clocks.status or "none",
            waited=now - state.clocks.began,
            diagnosis=step.diagnosis,
        )
        self._record(gave_up)
        self.given_up = True
        if step.diagnosis and step.diagnosis.life is JobHealth.STALLED:
            state.stalled = state.clocks
            if self._steps:
                self._steps.stalled()

    async def _end(self, state: JobState) -> None:
        """Fetch what a completed job promised; then the job has ended."""
        await self._fetcher.fetch(state)
        self._poller.flush(state)
        for key in _keys(state):
            if self._by_key.get(key) is state:
                del self._by_key[key]
        self._ended(state)


def _keys(state: JobState) -> tuple[str, ...]:
    return tuple(filter(None, (state.prepared.token, state.job_id)))


def job_class(job: Job) -> JobClass:
    """What the time of its steps depends on."""
    return job.size, job.steps, job.lora
