"""The receiver has moved. A miner may follow or not, but must not carry the secret elsewhere."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.provocation import Provocation, Provocations


class To(StrEnum):
    """Where a redirect leads."""

    SAME_HOST = "same host"
    OTHER_HOST = "other host"


@dataclass(frozen=True)
class Redirects(Nemesis):
    """Answers ``status`` (301, 302, 303, 307 or 308) with a ``Location``.

    On the same host, a miner that follows is received honestly. The other host is a second server
    of ours, which records whether the secret was sent there.
    """

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_REFUSES})
    status: int
    to: To = To.SAME_HOST

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer:
        honest = await attempt.take()
        if attempt.moved:
            return honest
        base = ""
        if self.to is To.OTHER_HOST:
            base = await attempt.context.elsewhere(attempt.host)
        attempt.say(f"redirected with {self.status} to the {self.to}")
        location = f"{base}{attempt.record.facts.path}?moved"
        return AttemptAnswer(self.status, f"moved to {location}", {"Location": location})
