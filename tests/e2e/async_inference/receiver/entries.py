"""One recorded callback as the journal and ``/callbacks`` show it."""

import msgspec

from tests.e2e.async_inference.events import Delivered, File

_PROTOCOL = ("job_id", "status", "completed_at", "image_url", "error")


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What arrived, when (UTC, ISO 8601), from where, and what became of it.

    ``number`` counts up from 1 and is what ``/callbacks?since=`` compares with; ``secret`` says
    only how it compared; ``image.path`` is relative to the server's folder; ``fields`` are the
    text fields that the protocol does not name; ``seconds`` is the time from first to last byte.
    The rest is as in :class:`Delivered`.
    """

    number: int
    received_at: str
    sender: str = ""
    method: str = "POST"
    path: str = ""
    token: str | None = None
    secret: str
    job_id: str | None = None
    status: str | None = None
    completed_at: str | None = None
    image_url: str | None = None
    error: str | None = None
    image: File | None = None
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    content_type: str = ""
    user_agent: str = ""
    answered: int | None = None
    stored: bool = False
    problems: tuple[str, ...] = ()
    broken: str = ""
    nemesis: str = ""
    seconds: float = 0.0


def entry(delivered: Delivered, received_at: str, sender: str) -> Entry:
    """The entry of one delivery attempt."""
    known = {name: delivered.fields.get(name) for name in _PROTOCOL}
    return Entry(
        number=delivered.number,
        received_at=received_at,
        sender=sender,
        method=delivered.method,
        path=delivered.path,
        token=delivered.token,
        secret=delivered.secret,
        **known,
        image=delivered.image,
        fields={k: v for k, v in delivered.fields.items() if k not in _PROTOCOL},
        content_type=delivered.content_type,
        user_agent=delivered.user_agent,
        answered=delivered.answered,
        stored=delivered.stored,
        problems=delivered.problems,
        broken=delivered.broken,
        nemesis=delivered.nemesis,
        seconds=round(delivered.at - delivered.began, 6),
    )


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Entry).decode
