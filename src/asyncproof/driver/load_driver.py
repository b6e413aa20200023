"""Any number of jobs under a load shape, for as long as wanted, in memory for those in flight."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf

from asyncproof.driver.fetcher import Fetcher, KeepDownload
from asyncproof.driver.follower import JobFollower
from asyncproof.driver.http_client import HttpClient
from asyncproof.driver.job_state import JobState, Pace, PreparedJob
from asyncproof.driver.lateness import Lateness
from asyncproof.driver.poller import Poller
from asyncproof.driver.submitter import Submitter
from asyncproof.history.events import AsyncEvent, Delivered, Settled
from asyncproof.liveness.clocks import Clocks
from asyncproof.liveness.sketch import Sketch
from asyncproof.liveness.step_times import StepTimes
from asyncproof.wire.dialect import Dialect
from asyncproof.workload.needs import Need
from asyncproof.workload.shapes import Departures, Stages

# Of the connections, so that no request waits for one: that would look like a slow miner.
FOR_POLLS, FOR_SUBMISSIONS = 0.5, 0.35  # the rest downloads
GOLDEN = 0.6180339887498949  # multiples of it, less their whole part, spread most evenly
SLOWEST_START = 0.1  # seconds between two looks at whether the run is to stop


@dataclass(slots=True)
class Pressure:
    """What held jobs back: ``late`` is how long each left after it was due (open shapes), ``full``
    how many found every connection for submissions busy."""

    late: Sketch = field(default_factory=Sketch)
    full: int = 0

    def __str__(self) -> str:
        """In words; empty where nothing was held back."""
        told = []
        if self.late.largest >= SLOWEST_START:
            told.append(
                f"jobs left up to {self.late.largest:.2f} s after they were due "
                f"(p99 {self.late.percentile(99):.2f} s)"
            )
        if self.full:
            told.append(f"{self.full} jobs found every connection busy with submissions")
        return "; ".join(told)


class LoadDriver:
    """Sends ``jobs`` as ``stages`` say, and follows each to its end, over ``connections``.

    ``enough`` is asked before each job; once it says so, none leaves any more, and those in flight
    are followed to their ends. ``ended`` is called with the name of each job when nothing more is
    asked about it. ``clock``, ``record``, ``keep`` and ``steps`` are as of :class:`Driver`.
    ``in_flight`` counts the jobs that were sent and have not ended.
    """

    def __init__(
        self,
        client: HttpClient,
        dialect: Dialect,
        pace: Pace,
        stages: Stages,
        jobs: Iterator[PreparedJob],
        *,
        clock: Callable[[], float],
        record: Callable[[AsyncEvent], None],
        keep: KeepDownload,
        ended: Callable[[str], None],
        enough: Callable[[], bool],
        connections: int,
        steps: StepTimes | None = None,
    ) -> None:
        self._clock, self._record, self._pace, self._dialect = clock, record, pace, dialect
        self._jobs, self._departures = jobs, Departures(stages)
        self._tell_ended, self._enough, self._client = ended, enough, client
        self._submitter = Submitter(client, dialect, pace, clock=clock, record=record)
        poller = Poller(client, dialect, clock=clock, record=record)
        polls = max(1, int(connections * FOR_POLLS))
        submissions = max(1, int(connections * FOR_SUBMISSIONS))
        downloads = max(1, connections - polls - submissions)
        self._tasks = asyncio.TaskGroup()
        self._follower = JobFollower(
            poller,
            LimitedFetcher(downloads, client, dialect, clock=clock, record=record, keep=keep),
            pace,
            self._tasks,
            clock=clock,
            record=record,
            ended=self._has_ended,
            steps=steps,
            polls=polls,
        )
        self._submitting = asyncio.Semaphore(submissions)
        self._landed = asyncio.Event()
        self.in_flight, self.sent = 0, 0
        self.pressure = Pressure()

    @property
    def lateness(self) -> Lateness:
        """Of our own polls."""
        return self._follower.lateness

    async def run(self) -> None:
        """Return when enough jobs were sent, or no more are there, and all have ended."""
        async with self._tasks:
            polling = self._tasks.create_task(self._follower.run())
            await self._submit_all()
            while self.in_flight:
                await self._one_landed(None)
            polling.cancel()

    def attempted(self, event: Delivered) -> None:
        """A callback came in, whole or not: look at its job soon. Call it from the loop of
        :meth:`run`."""
        self._follower.attempted(event)

    async def _submit_all(self) -> None:
        began = self._clock()
        while not (self._enough() or self._client.exhausted):
            elapsed = self._clock() - began
            self._departures = self._departures.at(elapsed, self.sent)
            wait = self._departures.wait(elapsed, self.sent, self.in_flight)
            if wait != 0:
                await self._one_landed(wait)
                continue
            prepared = next(self._jobs, None)
            if prepared is None:
                return
            self.pressure.late.add(self._departures.late(elapsed, self.sent))
            self.pressure.full += self._submitting.locked()
            await self._submitting.acquire()
            self.sent += 1
            self.in_flight += 1
            self._tasks.create_task(self._submit(prepared))
            await asyncio.sleep(0)  # a burst of thousands does not keep the polls waiting

    async def _submit(self, prepared: PreparedJob) -> None:
        try:
            sent_at, answered = await self._submitter.submit(prepared)
        finally:
            self._submitting.release()
        if answered.takes_the_job and answered.job_id is not None:
            clocks = Clocks.started(sent_at)
            if not self._dialect.has(Need.POLLING):  # it counts as at work until it is told to end
                clocks = clocks.heard_at(sent_at, "processing", None)
            state = JobState(prepared, answered, answered.job_id, clocks)
            # However many were accepted at once, their polls leave evenly over the interval.
            share = self.sent * GOLDEN % 1.0
            self._follower.follow(state, wait=share * self._pace.poll_interval)
        else:
            self._settle(prepared.name)

    def _has_ended(self, state: JobState) -> None:
        self._settle(state.prepared.name)

    def _settle(self, name: str) -> None:
        self._record(Settled(at=self._clock(), job=name))
        self._tell_ended(name)
        self.in_flight -= 1
        self._landed.set()

    async def _one_landed(self, most: float | None) -> None:
        """Wait for the end of a job, for so many seconds at most, and never so long that a run that
        is to stop would not notice."""
        self._landed.clear()
        longest = min(inf if most is None else most, SLOWEST_START)
        waiting = asyncio.get_running_loop().call_later(longest, self._landed.set)
        await self._landed.wait()
        waiting.cancel()


class LimitedFetcher(Fetcher):
    """Fetches for at most so many jobs at once."""

    def __init__(
        self,
        most: int,
        client: HttpClient,
        dialect: Dialect,
        *,
        clock: Callable[[], float],
        record: Callable[[AsyncEvent], None],
        keep: KeepDownload,
    ) -> None:
        super().__init__(client, dialect, clock=clock, record=record, keep=keep)
        self._free = asyncio.Semaphore(most)

    async def fetch(self, state: JobState) -> None:
        async with self._free:
            await super().fetch(state)
