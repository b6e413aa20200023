"""A receiver that answers with a page of text where one word would do."""

from dataclasses import dataclass

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.nemesis import Nemesis


@dataclass(frozen=True)
class LongAnswer(Nemesis):
    """Answers ``status`` with ``characters`` of text, some of which have two bytes."""

    characters: int = 5000
    status: int = 200

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer:
        honest = await attempt.take()
        if honest.status != 200:
            return honest
        return AttemptAnswer(
            self.status, ("Größe ist nicht alles. " * self.characters)[: self.characters]
        )
