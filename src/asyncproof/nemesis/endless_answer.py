"""A receiver that answers 200 with a body that never ends."""

from dataclasses import dataclass
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.provocation import Provocation, Provocations


@dataclass(frozen=True)
class EndlessAnswer(Nemesis):
    """Sends an endless body, ``bytes_per_second``, for at most ``seconds``.

    No single read of it ever times out; a miner needs a limit on the whole answer.
    """

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_HOLDS})
    bytes_per_second: int = 2000
    seconds: float = 120

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer | None:
        await attempt.take()
        attempt.say("answers 200 with an endless body")
        await attempt.trickle(
            AttemptAnswer(200, ""), bytes_per_second=self.bytes_per_second, seconds=self.seconds
        )
        return None
