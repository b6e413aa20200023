"""A receiver that hangs: it accepts everything and says nothing."""

from dataclasses import dataclass

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer


@dataclass(frozen=True)
class NoAnswer(Nemesis):
    """Keeps the callback and never answers it; gives the connection up after ``seconds``."""

    seconds: float = 120

    async def receive(self, arrival: Arrival) -> Answer | None:
        await arrival.take()
        arrival.say("does not answer")
        await arrival.pause(self.seconds)
        arrival.record.broken = f"not answered for {self.seconds:g} s, by us"
        return None
