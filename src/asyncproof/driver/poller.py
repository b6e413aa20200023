"""Asks for the status of jobs in flight, and records what the answers say."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain, repeat

from asyncproof.driver.http_client import HttpClient
from asyncproof.driver.job_state import JobState
from asyncproof.history.events import AsyncEvent, Delivered, Polled, ToldToWait, Unchanged
from asyncproof.wire.dialect import Dialect
from asyncproof.wire.protocol import MinerAnswer
from asyncproof.workload.needs import Need


class Poller:
    """``clock`` gives seconds since the start of the run; ``record`` takes every event."""

    def __init__(
        self,
        client: HttpClient,
        dialect: Dialect,
        *,
        clock: Callable[[], float],
        record: Callable[[AsyncEvent], None],
    ) -> None:
        self._client, self._dialect = client, dialect
        self._clock, self._record = clock, record

    async def look(self, state: JobState, patience: float) -> None:
        """Poll once, and wait ``patience`` seconds for the answer at most.

        The answer is recorded where it differs from the last, else counted. A server that cannot be
        asked is not.
        """
        if not self._dialect.has(Need.POLLING):
            return
        query = self._dialect.status(state.job_id)
        answer = await self._client.ask(query.method, query.path, timeout=patience)
        now = self._clock()
        wait = state.told_to_wait(answer, now)
        if wait is not None:
            name = state.prepared.name
            self._record(ToldToWait(at=now, job=name, what="status", wait=wait))
            return
        if state.repeated(answer, now):
            return
        self.flush(state)
        callback = state.prepared.callback
        secret = callback.secret if callback else ""
        polled = self._dialect.read_status(state.prepared.name, answer, secret, now)
        state.saw(polled, answer)
        self._record(polled)

    def is_notice(self, event: Delivered) -> bool:
        """Whether this callback is about another event than the end of its job."""
        return self._dialect.is_notice(event.fields)

    def heard(self, state: JobState, event: Delivered) -> None:
        """Of a server that cannot be asked: what a callback tells of its job is its status."""
        if self._dialect.has(Need.POLLING):
            return
        told = event.fields
        polled = Polled(
            at=self._clock(),
            job=state.prepared.name,
            took=0.0,
            status_code=200,
            job_id=told.get("job_id"),
            status=told.get("status"),
            completed_at=told.get("completed_at"),
            job_error=told.get("error"),
            by_callback=True,
        )
        state.saw(polled, MinerAnswer(0.0, polled.status_code, body=str(event.number).encode()))
        self._record(polled)

    def flush(self, state: JobState) -> None:
        """Record how often the last answer came again."""
        count, since, slowest = state.take_repeats()
        if count:
            name = state.prepared.name
            unchanged = Unchanged(
                at=self._clock(), job=name, since=since, count=count, slowest=slowest
            )
            self._record(unchanged)

    async def look_for(
        self, states: Sequence[JobState], seconds: float, *, interval: float, patience: float
    ) -> None:
        """Look at each of these jobs now, at each ``interval``, and when ``seconds`` are over."""
        rounds, rest = divmod(seconds, interval)
        for pause in chain([0.0], repeat(interval, int(rounds)), [rest]):
            await asyncio.sleep(pause)
            now = self._clock()
            due = [state for state in states if state.not_before <= now]
            await asyncio.gather(*(self.look(state, patience) for state in due))
        for state in states:
            self.flush(state)
