"""Asks for the status of jobs in flight, and records what the answers say."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from urllib.parse import quote

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.events import Unchanged
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.flight import Flight
from tests.harness.history import Event


class Poller:
    """``clock`` gives seconds since the start of the run; ``record`` takes every event."""

    def __init__(
        self,
        exchange: Exchange,
        paths: protocol.Paths,
        *,
        clock: Callable[[], float],
        record: Callable[[Event], None],
    ) -> None:
        self._exchange, self._paths = exchange, paths
        self._clock, self._record = clock, record

    async def look(self, flight: Flight, patience: float) -> None:
        """Poll once, and wait ``patience`` seconds for the answer at most.

        The answer is recorded where it differs from the last, else counted.
        """
        path = self._paths.status(quote(flight.job_id, safe=""))
        answer = await self._exchange.ask("GET", path, timeout=patience)
        now = self._clock()
        if flight.repeated(answer, now):
            return
        self.flush(flight)
        callback = flight.assignment.callback
        secret = callback.secret if callback else ""
        polled = protocol.read_status(flight.assignment.name, answer, secret, now)
        flight.saw(polled, answer)
        self._record(polled)

    def flush(self, flight: Flight) -> None:
        """Record how often the last answer came again."""
        count, since, slowest = flight.take_repeats()
        if count:
            name = flight.assignment.name
            unchanged = Unchanged(
                at=self._clock(), job=name, since=since, count=count, slowest=slowest
            )
            self._record(unchanged)

    async def look_for(
        self, flights: Sequence[Flight], seconds: float, *, interval: float, patience: float
    ) -> None:
        """Look at each of these jobs now, at each ``interval``, and when ``seconds`` are over."""
        rounds, rest = divmod(seconds, interval)
        for pause in chain([0.0], repeat(interval, int(rounds)), [rest]):
            await asyncio.sleep(pause)
            await asyncio.gather(*(self.look(flight, patience) for flight in flights))
        for flight in flights:
            self.flush(flight)
