"""The receiver crashes at the first callback and comes back."""

from dataclasses import dataclass

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer


@dataclass(frozen=True)
class DownAndUp(Nemesis):
    """The first attempt is reset, and for ``seconds`` nobody listens; then all is well.

    What is already connected while it is down is reset too.
    """

    seconds: float = 5

    async def receive(self, arrival: Arrival) -> Answer | None:
        if arrival.order == 1:
            arrival.stage.refuse_connections(self.seconds)
        if arrival.stage.refusing:
            arrival.say("reset the connection while it went down")
            arrival.reset()
        return await arrival.take()
