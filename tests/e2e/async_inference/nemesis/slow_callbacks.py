"""A receiver on a weak line: it takes a picture in slowly."""

from dataclasses import dataclass

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer


@dataclass(frozen=True)
class SlowCallbacks(Nemesis):
    """Reads each callback at ``kib_per_s``, and answers honestly in the end."""

    kib_per_s: float = 64

    async def receive(self, arrival: Arrival) -> Answer:
        arrival.say(f"reads at {self.kib_per_s:g} KiB/s")
        arrival.slow_down(self.kib_per_s * 1024)
        return await arrival.take()
