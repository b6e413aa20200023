"""A receiver that thinks for longer than the miner waits."""

from dataclasses import dataclass

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer


@dataclass(frozen=True)
class SlowAnswer(Nemesis):
    """Keeps the callback at once and answers it honestly after ``seconds``.

    The default is longer than the 30 s that miners usually wait.
    """

    seconds: float = 45

    async def receive(self, arrival: Arrival) -> Answer:
        answer = await arrival.take()
        arrival.say(f"answers after {self.seconds:g} s")
        await arrival.pause(self.seconds)
        return answer
