"""The connection breaks with a TCP reset, as when a receiver crashes."""

from dataclasses import dataclass
from enum import StrEnum

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer


class When(StrEnum):
    """How much of the body was read when the connection breaks."""

    BEFORE = "before reading"
    DURING = "during reading"
    AFTER = "after reading"


@dataclass(frozen=True)
class Resets(Nemesis):
    """Resets the connection ``when``: the head alone was read, ``kib`` of the body, or all of it.

    After reading everything the callback is kept but not answered: whether the miner should deliver
    again is ambiguous, and one or two deliveries are both legal.
    """

    when: When
    kib: int = 16

    async def receive(self, arrival: Arrival) -> Answer | None:
        if self.when is When.DURING:
            await arrival.read_some(self.kib * 1024)
        elif self.when is When.AFTER:
            await arrival.take()
        arrival.say(f"reset the connection {self.when}")
        arrival.reset()
        return None
