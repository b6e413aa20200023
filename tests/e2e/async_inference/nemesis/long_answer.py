"""A receiver that answers with a page of text where a word would do."""

from dataclasses import dataclass

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer


@dataclass(frozen=True)
class LongAnswer(Nemesis):
    """Answers ``status`` with ``characters`` of text, some of them of two bytes."""

    characters: int = 5000
    status: int = 200

    async def receive(self, arrival: Arrival) -> Answer:
        honest = await arrival.take()
        if honest.status != 200:
            return honest
        return Answer(self.status, ("Größe ist nicht alles. " * self.characters)[: self.characters])
