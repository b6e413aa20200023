"""A receiver that answers 200 and then does not stop talking."""

from dataclasses import dataclass

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer


@dataclass(frozen=True)
class EndlessAnswer(Nemesis):
    """Sends a body without an end, ``bytes_per_second``, for at most ``seconds``.

    No single read of it ever times out; a miner needs a limit on the whole answer.
    """

    bytes_per_second: int = 2000
    seconds: float = 120

    async def receive(self, arrival: Arrival) -> Answer | None:
        await arrival.take()
        arrival.say("answers 200 without an end")
        await arrival.trickle(
            Answer(200, ""), bytes_per_second=self.bytes_per_second, seconds=self.seconds
        )
        return None
