"""A receiver on a slow connection."""

from dataclasses import dataclass
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.provocation import Provocation, Provocations


@dataclass(frozen=True)
class SlowCallbacks(Nemesis):
    """Reads each callback at ``kib_per_s``, and answers honestly in the end."""

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_HOLDS})
    kib_per_s: float = 64

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer:
        attempt.say(f"reads at {self.kib_per_s:g} KiB/s")
        attempt.slow_down(self.kib_per_s * 1024)
        return await attempt.take()
