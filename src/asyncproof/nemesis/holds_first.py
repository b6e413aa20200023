"""One of many receivers hangs; the others work."""

from dataclasses import dataclass
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.text import counted
from asyncproof.workload.provocation import Provocation, Provocations

LOOKS_AGAIN = 0.1


@dataclass(frozen=True)
class HoldsFirst(Nemesis):
    """Leaves the first callback unanswered until ``others`` more arrive, or for ``seconds``.

    A miner that delivers in parallel loses no time; one that delivers one by one is stuck.
    """

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_HOLDS})
    others: int = 1
    seconds: float = 30

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer:
        answer = await attempt.take()
        if attempt.order > 1:
            return answer
        others = counted(self.others, "other callback")
        attempt.say(f"answers after {others}, or {self.seconds:g} s")
        for _ in range(round(self.seconds / LOOKS_AGAIN)):
            if attempt.context.arrived > self.others or attempt.context.over.is_set():
                break
            await attempt.pause(LOOKS_AGAIN)
        await attempt.pause(LOOKS_AGAIN)
        return answer
