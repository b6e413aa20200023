"""Asks a live miner what its jobs are doing."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from asyncproof.driver.http_client import HttpClient
from asyncproof.vocabulary import TERMINAL
from asyncproof.wire import protocol
from asyncproof.wire.dialect import Dialect
from asyncproof.wire.protocol import Listed


@dataclass(frozen=True, slots=True)
class MinerLook:
    """The result of one check. ``whole``: every job of the miner is in it.

    ``unknown`` are ids that the miner does not know; ``error`` says why there was no answer at all,
    ``no_list`` why there is no list of its jobs.
    """

    rows: tuple[Listed, ...] = ()
    whole: bool = False
    unknown: tuple[str, ...] = ()
    error: str = ""
    no_list: str = ""


class Looker:
    """Polls the jobs of one miner; waits at most ``timeout`` seconds for each answer."""

    def __init__(self, client: HttpClient, dialect: Dialect, timeout: float) -> None:
        self._client, self._dialect, self._timeout = client, dialect, timeout

    async def all(self) -> MinerLook:
        """Every job that the miner lists; if the list lacks something, the job's status too."""
        path = self._dialect.jobs
        if not path:
            return MinerLook(no_list="its profile names no list of jobs")
        answer = await self._client.ask("GET", path, timeout=self._timeout)
        listed = protocol.read_jobs(answer)
        if answer.error:
            return MinerLook(error=answer.error)
        if listed is None:
            return MinerLook(no_list=f"{path} answered {answer.status_code}: {answer.text[:60]!r}")
        rows = await asyncio.gather(*map(self._completed, listed))
        return MinerLook(tuple(rows), whole=True)

    async def at(self, job_ids: Collection[str]) -> MinerLook:
        """These jobs."""
        answers = await asyncio.gather(*map(self._status, job_ids))
        pairs = list(zip(job_ids, answers, strict=True))
        return MinerLook(
            tuple(
                row for job_id, answer in pairs if (row := self._row(job_id, answer)) is not None
            ),
            unknown=tuple(job_id for job_id, answer in pairs if answer.status_code == 404),
            error=next((a.error for a in answers if a.error), ""),
        )

    async def _completed(self, row: Listed) -> Listed:
        if row.status in TERMINAL or row.status == "queued" or row.progress is not None:
            return row
        return self._row(row.job_id, await self._status(row.job_id), row.model) or row

    async def _status(self, job_id: str) -> protocol.MinerAnswer:
        query = self._dialect.status(job_id)
        return await self._client.ask(query.method, query.path, timeout=self._timeout)

    def _row(self, job_id: str, answer: protocol.MinerAnswer, model: str = "") -> Listed | None:
        """What a status answer says about a job; None if it is not readable."""
        polled = self._dialect.read_status(job_id, answer, secret="", at=0.0)
        if answer.status_code != 200 or polled.status is None:
            return None
        return Listed(job_id, polled.status, polled.progress, model)
