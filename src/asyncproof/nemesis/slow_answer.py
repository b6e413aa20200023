"""A receiver that takes longer than the miner waits."""

from dataclasses import dataclass
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.provocation import Provocation, Provocations


@dataclass(frozen=True)
class SlowAnswer(Nemesis):
    """Stores the callback at once and answers honestly after ``seconds``.

    The default is longer than the 30 s that miners usually wait.
    """

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_HOLDS})
    seconds: float = 45

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer:
        answer = await attempt.take()
        attempt.say(f"answers after {self.seconds:g} s")
        await attempt.pause(self.seconds)
        return answer
