"""What is known about one delivery attempt, and the answer to it."""

from dataclasses import dataclass, field, fields
from operator import attrgetter

from asyncproof.history.events import Delivered, File


@dataclass(frozen=True, slots=True)
class AttemptAnswer:
    """An HTTP answer to send: status, text, extra headers."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


_JOURNAL_ONLY = ("sender", "forwarded")


@dataclass(slots=True)
class AttemptRecord:
    """A :class:`Delivered` that is not complete yet, with the same field names."""

    method: str
    path: str
    token: str | None
    secret: str
    began: float
    secret_owner: str | None = None
    sender: str = ""
    content_type: str = ""
    user_agent: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    image: File | None = None
    problems: tuple[str, ...] = ()
    form_problems: tuple[str, ...] = ()
    broken: str = ""
    another_boundary: bool = False
    went_away: bool = False
    nemesis: str = ""
    stored: bool = False
    forwarded: str = ""
    delivery_id: str = ""

    def delivered(self, number: int, at: float, answer: AttemptAnswer | None) -> Delivered:
        """The finished attempt. ``sender`` and ``forwarded`` are for the journal only."""
        told = dict(zip(_TOLD, _told(self), strict=True))
        if answer is not None:
            told |= {"answered": answer.status, "answer": answer.text[:500]}
        return Delivered(number=number, at=at, **told)


_TOLD = tuple(f.name for f in fields(AttemptRecord) if f.name not in _JOURNAL_ONLY)
_told = attrgetter(*_TOLD)
