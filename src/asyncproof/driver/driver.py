"""Many jobs in flight over few connections, on one event loop.

The driver submits what the scenario says, polls each job until it has settled, fetches the results
and hands everything it saw to ``record``. It judges nothing.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from math import inf

from asyncproof.driver.fetcher import Fetcher, KeepDownload
from asyncproof.driver.follower import JobFollower
from asyncproof.driver.http_client import HttpClient
from asyncproof.driver.job_state import JobState, Pace, PreparedJob
from asyncproof.driver.named_urls import worth_following
from asyncproof.driver.poller import Poller
from asyncproof.driver.side_requests import SideRequests
from asyncproof.driver.submitter import Submitter
from asyncproof.history.events import Answered, AsyncEvent, Delivered
from asyncproof.liveness.clocks import Clocks
from asyncproof.liveness.step_times import StepTimes
from asyncproof.wire.dialect import Dialect
from asyncproof.workload.needs import Need
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import Job, Moment, Scenario

DOWNLOADED_TWICE = 3


class Driver:
    """Runs one scenario with its ``prepared`` jobs against one miner, once.

    ``clock`` gives seconds since the start of the run; ``record`` takes every event; ``keep``
    stores a downloaded picture and says where it lies; ``secrets`` are those of all jobs of the run
    so far, which no answer may show. After ``until`` no job is sent any more, and those at work are
    no longer waited for. Jobs that have ended are in ``ended``. ``steps`` is what was learned of
    this miner's steps; None: only the budgets of ``pace`` count.
    """

    def __init__(
        self,
        client: HttpClient,
        dialect: Dialect,
        pace: Pace,
        scenario: Scenario,
        prepared: Sequence[PreparedJob],
        *,
        clock: Callable[[], float],
        record: Callable[[AsyncEvent], None],
        keep: KeepDownload,
        secrets: Collection[str],
        until: float = inf,
        steps: StepTimes | None = None,
    ) -> None:
        self._steps = steps
        self._dialect, self._pace, self._scenario = dialect, pace, scenario
        self._prepared = prepared
        self._clock, self._record, self._until = clock, record, until
        self._poller = Poller(client, dialect, clock=clock, record=record)
        self._fetcher = Fetcher(client, dialect, clock=clock, record=record, keep=keep)
        self._submitter = Submitter(
            client, dialect, pace, clock=clock, record=record, secrets=secrets
        )
        self._side_requests = SideRequests(client, scenario.requests, secrets, record)
        self._tasks = asyncio.TaskGroup()
        self._follower = JobFollower(
            self._poller,
            self._fetcher,
            pace,
            self._tasks,
            clock=clock,
            record=record,
            ended=self._has_ended,
            steps=steps,
            until=until,
            beside_training=Provocation.TRAINING in scenario.provokes,
        )
        self._endless: list[asyncio.Task[None]] = []
        self._first: JobState | None = None
        self._refused: list[tuple[PreparedJob, Answered]] = []
        self.ended: list[JobState] = []
        self._in_flight, self._landed = 0, asyncio.Event()

    async def run(self) -> None:
        """Send everything, and return when every job has settled or was given up."""
        await self._send_requests(Moment.BEFORE)
        async with self._tasks:
            self._endless.append(self._tasks.create_task(self._follower.run()))
            await self._submit_all()
            while self._in_flight:
                await self._one_landed()
            for task in self._endless:
                task.cancel()
        await self._look_once_more()
        await self._send_requests(Moment.AFTER)

    def attempted(self, event: Delivered) -> None:
        """A callback came in, whole or not: look at its job soon. Call it from the loop of
        :meth:`run`."""
        self._follower.attempted(event)

    async def _submit_all(self) -> None:
        """Start each submission at the time that the load shape gives it."""
        began, shape, last = self._clock(), self._scenario.shape, len(self._prepared) - 1
        before: PreparedJob | None = None
        for sent, prepared in enumerate(self._prepared):
            while (wait := shape.wait(self._clock() - began, sent, self._in_flight)) != 0:
                await (self._one_landed() if wait is None else asyncio.sleep(wait))
            if sent == len(self._prepared) // 2:
                await self._send_requests(Moment.HALFWAY)
            given_up = self._scenario.until_given_up and self._follower.given_up
            if given_up or self._clock() >= self._until:
                return
            if not self._is_wanted(prepared.job, before):
                continue
            before = prepared
            if sent == last:
                await self._side_requests.wait_for_begun()
            self._in_flight += 1
            self._tasks.create_task(self._submit(prepared))

    def _is_wanted(self, job: Job, before: PreparedJob | None) -> bool:
        """Whether a job that goes by the one that left before it is wanted, now that this ended."""
        ended = next((state for state in self.ended if state.prepared is before), None)
        asked = before.job.job_id if before else None
        return job.leaves.is_wanted(
            taken=ended is not None,
            completed=ended is not None and ended.completed,
            renamed=ended is not None and asked is not None and ended.job_id != asked,
        )

    async def _submit(self, prepared: PreparedJob) -> None:
        sent_at, answered = await self._submitter.submit(prepared)
        if answered.takes_the_job and answered.job_id is not None:
            clocks = Clocks.started(sent_at)
            if not self._dialect.has(Need.POLLING):  # it counts as at work until it is told to end
                clocks = clocks.heard_at(sent_at, "processing", None)
            self._follow(JobState(prepared, answered, answered.job_id, clocks))
        else:
            self._refused.append((prepared, answered))
            self._land()

    def _follow(self, state: JobState) -> None:
        """Poll an accepted job from now on."""
        self._follower.follow(state)
        if self._first is None:
            self._first = state
            self._tasks.create_task(self._send_during(state))

    def _has_ended(self, state: JobState) -> None:
        self.ended.append(state)
        self._land()

    def _land(self) -> None:
        self._in_flight -= 1
        self._landed.set()

    async def _one_landed(self) -> None:
        self._landed.clear()
        await self._landed.wait()

    async def _look_once_more(self) -> None:
        """After the last job: what ended is final, and lies where the miner said."""
        await asyncio.gather(*map(self._revisit, self.ended))
        for state in worth_following(self._recent(self.ended)):
            await self._side_requests.follow_status_url(state)
            await self._fetcher.fetch_named(state)
        completed = [state for state in self.ended if state.completed]
        for state in self._recent(completed)[-DOWNLOADED_TWICE:]:
            await self._fetcher.fetch_again(state)
        for prepared, answered in self._refused:
            await self._side_requests.ask_for_refused(prepared, answered, self._dialect)

    async def _revisit(self, state: JobState) -> None:
        """Poll a job that ended once more; one that was given up may move after all.

        Its clocks have stopped, so that an answer may take as long as any.
        """
        if state.stalled is not None:
            await self._follower.look(state)
            self._poller.flush(state)
            if self._steps and state.moved_again:
                self._steps.moved_again()
        elif self._recent([state]):
            await asyncio.sleep(max(0.0, state.not_before - self._clock()))
            await self._poller.look(state, self._pace.budgets.silence)
            self._poller.flush(state)

    def _recent(self, states: Sequence[JobState]) -> list[JobState]:
        """Those whose status the miner still owes."""
        now = self._clock()
        return [state for state in states if state.ended_lately(now)]

    async def _send_requests(self, moment: Moment) -> None:
        for request in self._side_requests.at(moment):
            await self._side_requests.send(request, self._first.job_id if self._first else "")

    async def _send_during(self, state: JobState) -> None:
        """Each request, and then a poll that shows whether the first job was still in flight."""
        for request in self._side_requests.at(Moment.DURING):
            await self._side_requests.send(request, state.job_id)
            self._poller.flush(state)
            state.last_answer = None
            await self._follower.look(state)
            if request.every and self._in_flight:
                again = self._side_requests.repeat(request, state.job_id)
                self._endless.append(self._tasks.create_task(again))
