"""Callbacks that another callback server received: read from its ``/callbacks`` list."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from tests.e2e.async_inference.events import Delivered, File
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.receiver.entries import Entry

PROTOCOL_FIELDS = ("job_id", "status", "completed_at", "image_url", "error")
Keep = Callable[[bytes, str], Awaitable[File]]


class ExternalCallbacksError(RuntimeError):
    """The other server cannot be asked what it received; the message says why."""


class ExternalCallbacks:
    """Reads what a callback server, started by somebody else, received since the last look.

    ``wall`` is the Unix time at which the run's clock showed 0.
    """

    def __init__(self, exchange: Exchange, wall: float, keep: Keep) -> None:
        self._exchange, self._wall, self._keep = exchange, wall, keep
        self._seen = 0

    async def skip_earlier(self) -> None:
        """Forget what is there already: it belongs to earlier runs.

        Raises:
            ExternalCallbacksError: the server is not there, or has no readable ``/callbacks``.
        """
        await self._entries()

    async def new(self) -> list[Delivered]:
        """What came in since the last call, with the pictures fetched and kept."""
        return [await self._delivered(entry) for entry in await self._entries()]

    async def _entries(self) -> list[Entry]:
        answer = await self._exchange.ask("GET", f"/callbacks?since={self._seen}")
        if answer.error or answer.status_code != 200:
            raise ExternalCallbacksError(
                answer.error or f"/callbacks answered {answer.status_code}"
            )
        try:
            entries = msgspec.json.decode(answer.body, type=list[Entry])
        except msgspec.MsgspecError as error:
            raise ExternalCallbacksError(f"/callbacks is no list of callbacks ({error})") from error
        self._seen = max([self._seen, *(entry.number for entry in entries)])
        return entries

    async def _delivered(self, entry: Entry) -> Delivered:
        at = datetime.fromisoformat(entry.received_at).timestamp() - self._wall
        told = {name: getattr(entry, name) for name in PROTOCOL_FIELDS}
        return Delivered(
            at=at,
            began=at - entry.seconds,
            number=entry.number,
            method=entry.method,
            path=entry.path,
            token=entry.token,
            secret=entry.secret,
            fields={name: text for name, text in told.items() if text is not None} | entry.fields,
            content_type=entry.content_type,
            user_agent=entry.user_agent,
            image=await self._picture(entry.image) if entry.image else None,
            answered=entry.answered,
            stored=entry.stored,
            problems=entry.problems,
            broken=entry.broken,
            nemesis=entry.nemesis,
        )

    async def _picture(self, image: File) -> File:
        answer = await self._exchange.ask("GET", f"/{image.path}")
        kept = await self._keep(answer.body, image.content_type)
        return msgspec.structs.replace(kept, filename=image.filename)
