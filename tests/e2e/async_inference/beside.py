"""Requests beside the jobs of one scenario: before, during and after them, and about them."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from urllib.parse import quote

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.cases import REFUSED_JOB, STATUS_URL
from tests.e2e.async_inference.events import Answered
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.flight import Assignment, Flight
from tests.e2e.async_inference.scenario import Moment, Request
from tests.harness.history import Event

IN_USE = 409


class Beside:
    """Sends them over ``exchange`` and hands each answer to ``record``. ``secrets`` are those of
    the scenario's jobs: none of them may stand in any answer."""

    def __init__(
        self,
        exchange: Exchange,
        requests: Iterable[Request],
        secrets: Iterable[str],
        record: Callable[[Event], None],
    ) -> None:
        self._exchange, self._record = exchange, record
        self._requests, self._secrets = tuple(requests), frozenset(secrets)

    def at(self, moment: Moment) -> list[Request]:
        return [request for request in self._requests if request.moment is moment]

    async def send(self, request: Request, first_id: str = "") -> None:
        """Send a request once; ``{job_id}`` in it stands for ``first_id``."""
        self._record(await self._exchange.probe(request, first_id, self._secrets))

    async def repeat(self, request: Request, first_id: str) -> None:
        """Send a request again and again, until cancelled."""
        while True:
            await asyncio.sleep(request.every)
            await self.send(request, first_id)

    async def follow_status_url(self, flight: Flight) -> None:
        """Ask for the status where the submission answer said that it is."""
        url = flight.answered.status_url
        if url:
            tags = (("job", flight.assignment.name),)
            await self.send(Request(probe=STATUS_URL, path=url, tags=tags))

    async def ask_for_refused(
        self, assignment: Assignment, answered: Answered, paths: protocol.Paths
    ) -> None:
        """Ask for a job that was refused, by the id that it should have had."""
        code = answered.status_code or 0
        chosen = assignment.job.job_id
        if chosen and 400 <= code < 500 and code != IN_USE:
            about = Request(probe=REFUSED_JOB, path=paths.status(quote(chosen, safe="")))
            await self.send(replace(about, tags=(("job", assignment.name),)))
