"""Asks a live miner what its jobs are doing."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.protocol import Listed

LIST = "/jobs"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look showed. ``whole``: every job of the miner is in it.

    ``unknown`` are ids that the miner does not know; ``error`` says why there was no answer at all,
    ``no_list`` why the answer to ``/jobs`` was none.
    """

    rows: tuple[Listed, ...] = ()
    whole: bool = False
    unknown: tuple[str, ...] = ()
    error: str = ""
    no_list: str = ""


class Looker:
    """Looks at the jobs of one miner; no answer is waited for longer than ``timeout`` seconds."""

    def __init__(self, exchange: Exchange, paths: protocol.Paths, timeout: float) -> None:
        self._exchange, self._paths, self._timeout = exchange, paths, timeout

    async def all(self) -> Look:
        """Every job that the miner lists; where the list leaves something open, its status too."""
        answer = await self._ask(LIST)
        listed = protocol.read_jobs(answer)
        if answer.error:
            return Look(error=answer.error)
        if listed is None:
            return Look(no_list=f"{LIST} answered {answer.status_code}: {answer.text[:60]!r}")
        rows = await asyncio.gather(*map(self._completed, listed))
        return Look(tuple(rows), whole=True)

    async def at(self, job_ids: Collection[str]) -> Look:
        """These jobs."""
        answers = await asyncio.gather(*map(self._status, job_ids))
        pairs = list(zip(job_ids, answers, strict=True))
        return Look(
            tuple(row for job_id, answer in pairs if (row := _row(job_id, answer)) is not None),
            unknown=tuple(job_id for job_id, answer in pairs if answer.status_code == 404),
            error=next((a.error for a in answers if a.error), ""),
        )

    async def _completed(self, row: Listed) -> Listed:
        if row.status in protocol.TERMINAL or row.status == "queued" or row.progress is not None:
            return row
        return _row(row.job_id, await self._status(row.job_id), row.model) or row

    async def _status(self, job_id: str) -> protocol.Answer:
        return await self._ask(self._paths.status(quote(job_id, safe="")))

    async def _ask(self, path: str) -> protocol.Answer:
        return await self._exchange.ask("GET", path, timeout=self._timeout)


def _row(job_id: str, answer: protocol.Answer, model: str = "") -> Listed | None:
    """What a status answer says of a job; None where it says nothing readable."""
    polled = protocol.read_status(job_id, answer, secret="", at=0.0)
    if answer.status_code != 200 or polled.status is None:
        return None
    return Listed(job_id, polled.status, polled.progress, model)
