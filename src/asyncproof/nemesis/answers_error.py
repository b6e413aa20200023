"""A receiver that stores the callback but answers with an error."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.needs import Need, Needs
from asyncproof.workload.provocation import Provocation, Provocations


@dataclass(frozen=True)
class AnswersError(Nemesis):
    """Answers ``status`` instead of 200.

    ``retry_after`` (seconds) adds the header of that name; with ``first``, only this many attempts
    at each url get the error; later ones are answered honestly. Each is read before, so that it
    tells of the end of its job, also where that cannot be asked for.
    """

    needs: ClassVar[Needs] = frozenset({Need.CALLBACKS})
    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_REFUSES})
    status: int
    retry_after: int | None = None
    first: int | None = None

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer:
        honest = await attempt.take()
        if self.first is not None and attempt.number > self.first:
            return honest
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        attempt.say(f"answered {self.status}")
        return AttemptAnswer(self.status, HTTPStatus(self.status).phrase, headers)
