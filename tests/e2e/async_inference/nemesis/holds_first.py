"""One receiver of many hangs; the others are well."""

from dataclasses import dataclass

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer

LOOKS_AGAIN = 0.1


@dataclass(frozen=True)
class HoldsFirst(Nemesis):
    """Keeps the very first callback unanswered until ``others`` more came in, or for ``seconds``.

    Whoever delivers side by side loses no time to it; whoever delivers one by one is stuck.
    """

    others: int = 1
    seconds: float = 30

    async def receive(self, arrival: Arrival) -> Answer:
        answer = await arrival.take()
        if arrival.order > 1:
            return answer
        arrival.say(f"answers after {self.others} other callbacks, or {self.seconds:g} s")
        for _ in range(round(self.seconds / LOOKS_AGAIN)):
            if arrival.stage.arrived > self.others or arrival.stage.over.is_set():
                break
            await arrival.pause(LOOKS_AGAIN)
        await arrival.pause(LOOKS_AGAIN)
        return answer
