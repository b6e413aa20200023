"""What is known about one delivery attempt, and the answer to it."""

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import asdict, replace

from asyncproof.history.events import AttemptFacts, Delivered
from asyncproof.receiver.storage.store import Store


@dataclass(frozen=True, slots=True)
class AttemptAnswer:
    """An HTTP answer to send: status, text, extra headers."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class AttemptRecord:
    """An attempt that is being received: what is known of it by now. ``sender`` and ``forwarded``
    are for the journal only."""

    facts: AttemptFacts
    began: float
    sender: str = ""
    forwarded: str = ""

    def note(self, **facts: Any) -> None:
        """From here on these are known, by their names in :class:`AttemptFacts`."""
        self.facts = replace(self.facts, **facts)

    def not_stored(self, why: Exception, store: Store) -> AttemptAnswer:
        """There is no room for it: the miner has to keep it and may send it again. What ``store``
        has of it is taken back."""
        if self.facts.image is not None:
            store.take_back(self.facts.image)
        self.note(image=None, stored=False, broken=f"could not be stored: {why}")
        return AttemptAnswer(507, self.facts.broken)

    def delivered(self, number: int, at: float, answer: AttemptAnswer | None) -> Delivered:
        """The finished attempt."""
        told = asdict(self.facts)
        if answer is not None:
            told |= {"answered": answer.status, "answer": answer.text[:500]}
        return Delivered(number=number, at=at, began=self.began, **told)
