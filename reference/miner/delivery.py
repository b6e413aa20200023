"""Callbacks: each ended job is delivered once, without delaying anything else."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp

from reference.miner.form import Form, build, delivery_of
from reference.miner.jobs import Job, Section, Status
from reference.miner.seams import Chain, Delivery
from reference.miner.settings import Settings

log = logging.getLogger(__name__)
PREVIEW_CHARS = 500
PREVIEW_BYTES = 4 * PREVIEW_CHARS


class Deliveries:
    """Sends callbacks concurrently in the miner's event loop, ``callback_at_once`` at most."""

    def __init__(self, settings: Settings, seams: Chain) -> None:
        self._settings = settings
        self._seams = seams
        self._bound = asyncio.Semaphore(settings.callback_at_once)
        self._running: set[asyncio.Task[None]] = set()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": "reference-miner"},
            auto_decompress=False,
        )

    def start(self, job: Job) -> None:
        """Deliver the callback of a job that has ended, in the background."""
        task = asyncio.create_task(self._settle(job))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Cancel running deliveries."""
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._session.close()

    async def _settle(self, job: Job) -> None:
        section = self._without_attempt(job)
        if section is not None:
            job.callback = self._seams.section(job, section)
            planned = self._seams.not_due(job, [])
        else:
            planned = self._seams.deliveries(job, [delivery_of(job)])
        async with self._bound:
            await self._deliver(job, planned)

    def _without_attempt(self, job: Job) -> Section | None:
        """The section of a job that needs no delivery."""
        if job.request.callback_url is None:
            return Section(status="skipped")
        if job.request.expiry is not None and datetime.now(UTC) >= job.request.expiry:
            return Section(status="expired")
        return None

    async def _deliver(self, job: Job, planned: list[Delivery]) -> None:
        """Every planned delivery; the job reports the result of the first."""
        if not planned and job.callback is None:
            job.callback = self._seams.section(job, Section(status="skipped"))
        for delivery in planned:
            await asyncio.sleep(delivery.delay)
            section = await self._attempts(job, delivery, _payload_status(job))
            if job.callback is None:
                job.callback = self._seams.section(job, section)

    async def _attempts(self, job: Job, delivery: Delivery, payload: str) -> Section:
        form = self._seams.form(job, build(delivery))
        section = await self._attempt(delivery, form, payload)
        for number in range(2, self._settings.callback_attempts + 1):
            if section.status == "delivered":
                break
            await asyncio.sleep(self._settings.callback_retry_delay)
            again = self._seams.attempt(job, delivery, number)
            if again is not delivery:
                form = self._seams.form(job, build(again))
            section = await self._attempt(again, form, payload)
        return section

    async def _attempt(self, delivery: Delivery, form: Form, payload: str) -> Section:
        """One request. The receiver may be slow if it accepts each piece of the body within
        ``callback_timeout``, and answers within that time after the last piece."""
        section = Section(status="failed", attempted_at=_now(), payload_status=payload)
        limit = self._settings.callback_timeout
        try:
            async with asyncio.timeout(limit) as deadline:
                loop = asyncio.get_running_loop()
                return await self._post(
                    delivery, form, section, lambda: deadline.reschedule(loop.time() + limit)
                )
        except TimeoutError:
            return replace(section, error=f"the receiver made no progress within {limit:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return replace(section, error=str(error) or type(error).__name__)

    async def _post(
        self, delivery: Delivery, form: Form, section: Section, moved: Callable[[], None]
    ) -> Section:
        async with self._session.request(
            delivery.method,
            delivery.url,
            data=form.pieces(moved),
            headers={
                **delivery.headers,
                "Content-Type": form.content_type,
                "Content-Length": str(form.length),
            },
            allow_redirects=delivery.follow_redirects,
        ) as answer:
            moved()
            preview = await _preview(answer, self._settings.callback_timeout / 2)
            return replace(
                section,
                status="delivered" if 200 <= answer.status < 300 else "failed",
                status_code=answer.status,
                response_preview=preview,
            )


def _payload_status(job: Job) -> str:
    return "completed" if job.status is Status.COMPLETED else "failed"


def _now() -> datetime:
    return datetime.now(UTC)


async def _preview(answer: aiohttp.ClientResponse, limit: float) -> str:
    """The first characters of the answer's body, however long, slow or broken the rest is."""
    taken = bytearray()
    try:
        async with asyncio.timeout(limit):
            while len(taken) < PREVIEW_BYTES:
                piece = await answer.content.read(PREVIEW_BYTES - len(taken))
                if not piece:
                    break
                taken += piece
    except (aiohttp.ClientError, TimeoutError) as error:
        log.info("a receiver's answer was cut off: %s", error)
    return taken.decode(errors="replace")[:PREVIEW_CHARS]
