"""A receiver that has moved, with another redirect code for each job: one scenario covers all
codes."""

from dataclasses import dataclass
from typing import ClassVar

from asyncproof.nemesis.redirects import Redirects, To
from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.provocation import Provocation, Provocations

CODES = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class RedirectsInTurn(Nemesis):
    """Handles callbacks to the first url as ``Redirects(301, to)``, those to the next url as
    ``Redirects(302, to)``, and so on; after 308 it starts again."""

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_REFUSES})
    to: To = To.SAME_HOST

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer:
        place = attempt.context.place(attempt.record.facts.path)
        code = CODES[(place - 1) % len(CODES)]
        return await Redirects(code, self.to).receive(attempt)
