"""A receiver that has moved, told to each job in another way: one scenario meets every code."""

from dataclasses import dataclass

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.nemesis.redirects import Redirects, To
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer

CODES = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class RedirectsInTurn(Nemesis):
    """Meets the callback to the first url as ``Redirects(301, to)``, that to the next url as
    ``Redirects(302, to)``, and so on; after 308 it begins again."""

    to: To = To.SAME_HOST

    async def receive(self, arrival: Arrival) -> Answer:
        place = arrival.stage.place(arrival.record.path)
        code = CODES[(place - 1) % len(CODES)]
        return await Redirects(code, self.to).receive(arrival)
