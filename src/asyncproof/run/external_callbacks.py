"""Callbacks that another callback server received: read from its ``/callbacks`` list."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from asyncproof.driver.http_client import HttpClient
from asyncproof.history.events import Delivered, File
from asyncproof.receiver.storage.entries import CallbackEntry, delivered_of

KeepPicture = Callable[[bytes, str], Awaitable[File]]


class ExternalCallbacksError(RuntimeError):
    """The other server cannot be asked what it received; the message says why."""


class ExternalCallbacks:
    """Reads what a callback server, started by somebody else, received since the last look.

    ``wall`` is the Unix time at which the run's clock showed 0.
    """

    def __init__(self, client: HttpClient, wall: float, keep: KeepPicture) -> None:
        self._client, self._wall, self._keep = client, wall, keep
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

    async def _entries(self) -> list[CallbackEntry]:
        answer = await self._client.ask("GET", f"/callbacks?since={self._seen}")
        if answer.status_code == 401:
            raise ExternalCallbacksError(
                "/callbacks answered 401: set ASYNC_CALLBACK_VIEW_TOKEN to that server's view token"
            )
        if answer.error or answer.status_code != 200:
            raise ExternalCallbacksError(
                answer.error or f"/callbacks answered {answer.status_code}"
            )
        try:
            entries = msgspec.json.decode(answer.body, type=list[CallbackEntry])
        except msgspec.MsgspecError as error:
            raise ExternalCallbacksError(f"/callbacks is no list of callbacks ({error})") from error
        self._seen = max([self._seen, *(entry.number for entry in entries)])
        return entries

    async def _delivered(self, entry: CallbackEntry) -> Delivered:
        at = datetime.fromisoformat(entry.received_at).timestamp() - self._wall
        image = await self._picture(entry.image) if entry.image else None
        return delivered_of(entry, at, image)

    async def _picture(self, image: File) -> File:
        # Never another host, whatever the entry says: our token goes with the request.
        answer = await self._client.ask("GET", f"/{image.path.lstrip('/')}")
        kept = await self._keep(answer.body, image.content_type)
        return msgspec.structs.replace(kept, filename=image.filename)
