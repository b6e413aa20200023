"""The receiver crashes at the first callback and comes back."""

from dataclasses import dataclass
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.provocation import Provocation, Provocations


@dataclass(frozen=True)
class DownAndUp(Nemesis):
    """The first attempt is reset, connections are refused for ``seconds``; then all is normal.

    Existing connections are reset too.
    """

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_REFUSES})
    spares_others: ClassVar[bool] = False  # the port is everybody's
    seconds: float = 5

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer | None:
        if attempt.order == 1:
            attempt.context.refuse_connections(self.seconds)
        if attempt.context.refusing:
            attempt.say("reset the connection while it went down")
            attempt.reset()
        return await attempt.take()
