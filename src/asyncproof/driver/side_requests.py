"""Requests beside the jobs of one scenario: before, during and after them, and about them."""

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from asyncproof.driver.http_client import HttpClient
from asyncproof.driver.job_state import JobState, PreparedJob
from asyncproof.history.events import Answered, AsyncEvent, Probed
from asyncproof.vocabulary import TAKEN, TERMINAL
from asyncproof.wire.dialect import Dialect
from asyncproof.workload.needs import Need
from asyncproof.workload.scenario import Moment, Request
from asyncproof.workload.special_cases import BEGUN, REFUSED_JOB, STATUS_URL

IN_USE = 409
LOOK = 0.5  # seconds between two looks at what a request began


class SideRequests:
    """Sends them over ``client`` and hands each answer to ``record``. ``secrets`` are those of
    the scenario's jobs: none of them may stand in any answer."""

    def __init__(
        self,
        client: HttpClient,
        requests: Iterable[Request],
        secrets: Iterable[str],
        record: Callable[[AsyncEvent], None],
    ) -> None:
        self._client, self._record = client, record
        self._requests, self._secrets = tuple(requests), frozenset(secrets)
        self._begun: list[tuple[str, float]] = []

    def at(self, moment: Moment) -> list[Request]:
        return [request for request in self._requests if request.moment is moment]

    async def send(self, request: Request, first_id: str = "") -> None:
        """Send a request once; ``{job_id}`` in it stands for ``first_id``."""
        answer = await self._client.probe(request, first_id, self._secrets)
        self._record(answer)
        if request.awaited and answer.status_code in TAKEN:
            self._begun.append((_status_path(answer), request.awaited))

    async def wait_for_begun(self) -> None:
        """Wait until all has ended that requests began, each for as long as it says at most. The
        last answer about it is recorded."""
        begun, self._begun = self._begun, []
        for path, longest in begun:
            await self._until_ended(Request(probe=BEGUN, path=path), longest)

    async def _until_ended(self, request: Request, longest: float) -> None:
        answer: Probed | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                while answer is None or _under_way(answer):
                    await asyncio.sleep(LOOK if answer else 0.0)
                    answer = await self._client.probe(request, "", self._secrets)
        if answer is not None:
            self._record(answer)

    async def repeat(self, request: Request, first_id: str) -> None:
        """Send a request again and again, until cancelled."""
        while True:
            await asyncio.sleep(request.every)
            await self.send(request, first_id)

    async def follow_status_url(self, state: JobState) -> None:
        """Ask for the status where the submission answer said that it is."""
        url = state.answered.status_url
        if url:
            tags = (("job", state.prepared.name),)
            await self.send(Request(probe=STATUS_URL, path=url, tags=tags))

    async def ask_for_refused(
        self, prepared: PreparedJob, answered: Answered, dialect: Dialect
    ) -> None:
        """Ask for a job that was refused, by the id that it should have had, where the server takes
        ids of the client's choice."""
        code = answered.status_code or 0
        takes_ids = dialect.has(Need.CHOSEN_IDS) and dialect.has(Need.POLLING)
        chosen = prepared.job.job_id if takes_ids else None
        if chosen and 400 <= code < 500 and code != IN_USE:
            query = dialect.status(chosen)
            about = Request(probe=REFUSED_JOB, path=query.path, method=query.method)
            await self.send(replace(about, tags=(("job", prepared.name),)))


def _status_path(answer: Probed) -> str:
    """Where the end of what was begun shows: where the answer says, else beside the request."""
    named = _object(answer.body).get("status_url")
    return named if isinstance(named, str) else f"{answer.path}/status/{answer.job_id}"


def _under_way(answer: Probed) -> bool:
    """Whether the answer says that it has not ended; one that says nothing ends the wait."""
    status = _object(answer.body).get("status")
    return answer.status_code == 200 and isinstance(status, str) and status not in TERMINAL


def _object(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
