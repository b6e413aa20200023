"""The receiver takes the callback in, and then says that it did not."""

from dataclasses import dataclass
from http import HTTPStatus

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer


@dataclass(frozen=True)
class AnswersError(Nemesis):
    """Answers ``status`` instead of 200.

    ``retry_after`` (seconds) adds the header of that name; with ``first``, only so many attempts to
    each url are treated so, and the next one is answered honestly.
    """

    status: int
    retry_after: int | None = None
    first: int | None = None

    async def receive(self, arrival: Arrival) -> Answer:
        honest = await arrival.take()
        if self.first is not None and arrival.attempt > self.first:
            return honest
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        arrival.say(f"answered {self.status}")
        return Answer(self.status, HTTPStatus(self.status).phrase, headers)
