"""A receiver that hangs: it accepts everything and never answers."""

from dataclasses import dataclass
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.provocation import Provocation, Provocations


@dataclass(frozen=True)
class NoAnswer(Nemesis):
    """Stores the callback and never answers; closes the connection after ``seconds``."""

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_HOLDS})
    seconds: float = 120

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer | None:
        await attempt.take()
        attempt.say("does not answer")
        await attempt.pause(self.seconds)
        attempt.record.note(broken=f"we left it unanswered for {self.seconds:g} s")
        return None
