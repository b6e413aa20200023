"""Callbacks: each ended job tells its receiver once, without holding up anything else."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp

from reference.miner.answers import iso
from reference.miner.form import Form, build
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
        """Drop what is still under way."""
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
        """Every delivery that is planned; what became of the first is what the job tells."""
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
        for _ in range(self._settings.callback_attempts - 1):
            if section.status == "delivered":
                break
            await asyncio.sleep(self._settings.callback_retry_delay)
            section = await self._attempt(delivery, form, payload)
        return section

    async def _attempt(self, delivery: Delivery, form: Form, payload: str) -> Section:
        """One request. The receiver may be slow, as long as it takes a piece of the body within
        ``callback_timeout``, and has answered within that time after the last one."""
        section = Section(status="failed", attempted_at=_now(), payload_status=payload)
        limit = self._settings.callback_timeout
        try:
            async with asyncio.timeout(limit) as deadline:
                loop = asyncio.get_running_loop()
                return await self._post(
                    delivery, form, section, lambda: deadline.reschedule(loop.time() + limit)
                )
        except TimeoutError:
            return replace(section, error=f"the receiver did not go on within {limit:g} s")
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


def delivery_of(job: Job) -> Delivery:
    """The callback that a correct miner sends for this job."""
    fields = {"job_id": job.job_id, "status": str(job.status), "completed_at": iso(job.ended_at)}
    if job.image is not None:
        fields["image_url"] = job.image_url
    if job.error is not None:
        fields["error"] = job.error
    secret = job.request.callback_secret
    return Delivery(
        url=job.request.callback_url or "",
        headers={} if secret is None else {"X-Callback-Secret": secret},
        fields=fields,
        image=job.image,
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
        log.info("a receiver broke off its answer: %s", error)
    return taken.decode(errors="replace")[:PREVIEW_CHARS]
