"""The receiver has moved. A miner may follow or not, but must not carry the secret elsewhere."""

from dataclasses import dataclass
from enum import StrEnum

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer


class To(StrEnum):
    """Where a redirect leads."""

    SAME_HOST = "same host"
    OTHER_HOST = "other host"


@dataclass(frozen=True)
class Redirects(Nemesis):
    """Answers ``status`` (301, 302, 303, 307 or 308) with a ``Location``.

    On the same host, who follows is received honestly. The other host is a second server of ours,
    which records whether the secret came along.
    """

    status: int
    to: To = To.SAME_HOST

    async def receive(self, arrival: Arrival) -> Answer:
        honest = await arrival.take()
        if arrival.moved:
            return honest
        base = ""
        if self.to is To.OTHER_HOST:
            base = await arrival.stage.elsewhere(arrival.host)
        arrival.say(f"redirected with {self.status} to the {self.to}")
        location = f"{base}{arrival.record.path}?moved"
        return Answer(self.status, f"moved to {location}", {"Location": location})
