"""One recorded callback as the journal and ``/callbacks`` show it."""

from operator import attrgetter
from typing import Any

import msgspec

from asyncproof.history.events import AttemptFacts, Delivered, File
from asyncproof.vocabulary import CALLBACK_FIELDS


class CallbackEntry(AttemptFacts, frozen=True, kw_only=True):
    """What arrived, when (UTC, ISO 8601), from where, and how it was handled.

    ``number`` counts up from 1 and is what ``/callbacks?since=`` compares with; ``secret`` says
    only how it compared; ``image.path`` is relative to the server's folder; ``fields`` are the
    text fields that the protocol does not name; ``seconds`` is the time from first to last byte;
    ``forwarded`` says, where callbacks are passed on, whether the consumer ``answered`` or the
    callback was ``held`` for later.
    """

    number: int
    received_at: str
    sender: str = ""
    job_id: str | None = None
    status: str | None = None
    completed_at: str | None = None
    image_url: str | None = None
    error: str | None = None
    forwarded: str = ""
    seconds: float = 0.0
    # Most entries have these values, and leave them out.
    method: str = "POST"
    path: str = ""
    token: str | None = None
    fields: dict[str, str] = msgspec.field(default_factory=dict)


# What an entry and an event have under the same name, with the same meaning.
SHARED = ("number", *(f.name for f in msgspec.structs.fields(AttemptFacts) if f.name != "fields"))
_shared = attrgetter(*SHARED)


def entry(
    delivered: Delivered, received_at: str, sender: str, forwarded: str = ""
) -> CallbackEntry:
    """The entry of one delivery attempt."""
    told: dict[str, Any] = dict(zip(SHARED, _shared(delivered), strict=True))
    others: dict[str, str] = {}
    for name, text in delivered.fields.items():
        (told if name in CALLBACK_FIELDS else others)[name] = text
    return CallbackEntry(
        received_at=received_at,
        sender=sender,
        forwarded=forwarded,
        fields=others,
        seconds=round(delivered.at - delivered.began, 6),
        **told,
    )


def delivered_of(entry: CallbackEntry, at: float, image: File | None) -> Delivered:
    """The event of an entry that another server recorded. ``at``: its last byte on our clock."""
    told = {name: getattr(entry, name) for name in CALLBACK_FIELDS}
    texts = {name: text for name, text in told.items() if text is not None}
    shared = {name: getattr(entry, name) for name in SHARED if name != "image"}
    return Delivered(
        at=at, began=at - entry.seconds, fields=texts | entry.fields, image=image, **shared
    )


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(CallbackEntry).decode
