"""The connection breaks with a TCP reset, as when a receiver crashes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.provocation import Provocation, Provocations


class When(StrEnum):
    """How much of the body was read when the connection breaks."""

    BEFORE = "before reading"
    DURING = "during reading"
    AFTER = "after reading"


@dataclass(frozen=True)
class Resets(Nemesis):
    """Resets the connection ``when``: after reading only the head, ``kib`` of the body, or all of
    it.

    After reading everything, the callback is stored but not answered: whether the miner should
    deliver again is ambiguous, so one or two deliveries are both legal.
    """

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_REFUSES})
    when: When
    kib: int = 16

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer | None:
        if self.when is When.DURING:
            await attempt.read_some(self.kib * 1024)
        elif self.when is When.AFTER:
            await attempt.take()
        attempt.say(f"reset the connection {self.when}")
        attempt.reset()
        return None
