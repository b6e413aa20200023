"""Submits jobs, and records each request and its answer."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime

import msgspec

from asyncproof.driver.http_client import HttpClient
from asyncproof.driver.job_state import Pace, PreparedJob
from asyncproof.history.events import Answered, AsyncEvent, Submitted, ToldToWait
from asyncproof.wire import protocol
from asyncproof.wire.dialect import Dialect

REFUSED = 400


class Submitter:
    """``clock`` gives seconds since the start of the run; ``record`` takes every event.
    ``secrets`` are those of all jobs of the run: no refusal may show one of them."""

    def __init__(
        self,
        client: HttpClient,
        dialect: Dialect,
        pace: Pace,
        *,
        clock: Callable[[], float],
        record: Callable[[AsyncEvent], None],
        secrets: Collection[str] = (),
    ) -> None:
        self._client, self._dialect, self._pace = client, dialect, pace
        self._secrets = secrets
        self._clock, self._record = clock, record

    async def submit(self, prepared: PreparedJob) -> tuple[float, Answered]:
        """Send the job, and again after each answer that asks to wait, within the job's budget.

        Returns when it was last sent, and what the answer says.
        """
        sent_at, answer = await self._send(prepared)
        waited = 0.0
        while answer.asks_to_wait and waited < self._pace.budgets.total:
            waited += await self._wait(prepared, answer.retry_after or 0.0)
            sent_at, answer = await self._send(prepared)
        secret = prepared.callback.secret if prepared.callback else ""
        leaks = (answer.status_code or 0) >= REFUSED and protocol.shows(answer, self._secrets)
        answer = protocol.redacted(answer, self._secrets) if leaks else answer
        answered = self._dialect.read_submission(prepared.name, answer, secret, self._clock())
        answered = msgspec.structs.replace(answered, leaks_secret=True) if leaks else answered
        self._record(answered)
        return sent_at, answered

    async def _send(self, prepared: PreparedJob) -> tuple[float, protocol.MinerAnswer]:
        job = prepared.job
        asked = protocol.asked_for(job, prepared.callback, datetime.now(UTC))
        out = self._dialect.submission(asked)
        submitted = Submitted(
            at=self._clock(),
            job=prepared.name,
            token=prepared.token,
            request=protocol.recordable(out.asked),
            expects_callback=prepared.callback is not None,
            tags=dict(job.tags),
            provokes=tuple(sorted(job.provokes)),
            sent=out.recordable,
        )
        self._record(submitted)
        answer = await self._client.ask(
            out.query.method,
            out.query.path,
            out.content,
            "application/json",
            headers=out.headers,
        )
        return submitted.at, self._dialect.patient(answer)

    async def _wait(self, prepared: PreparedJob, retry_after: float) -> float:
        """Wait as long as the answer asks, and at least one poll interval; how long it was."""
        wait = max(retry_after, self._pace.poll_interval)
        self._record(ToldToWait(at=self._clock(), job=prepared.name, what="submission", wait=wait))
        await asyncio.sleep(wait)
        return wait
