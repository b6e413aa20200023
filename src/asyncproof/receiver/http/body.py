"""The body of one request: read within its time and size limits, or aborted."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.bad_form import BadFormError


class LostError(Exception):
    """The connection is lost: the miner or the nemesis closed it; the text says which.

    ``went_away``: the miner closed it before it was answered.
    """

    def __init__(self, text: str, *, went_away: bool = False) -> None:
        super().__init__(text)
        self.went_away = went_away


class RequestBody:
    """``received`` counts the bytes that were read.

    ``linger`` is awaited after each piece, with its size, and returns for how many seconds the
    sender is not to blame.
    """

    def __init__(self, request: web.BaseRequest, limits: Limits) -> None:
        self.received = 0
        self.linger: Callable[[int], Awaitable[float]] | None = None
        self._request = request
        self._limits = limits

    async def ask_for(self) -> None:
        """Tell the sender to begin, if it waits for ``100 Continue``.

        Raises:
            BadFormError: the headers already show that this body must not be read.
        """
        headers = self._request.headers
        if headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower() != "identity":
            raise BadFormError(415, "Content-Encoding is not supported")
        if (self._request.content_length or 0) > self._limits.body:
            raise BadFormError(413, f"the body has more than {self._limits.body} bytes")
        expected = headers.get(hdrs.EXPECT)
        if expected is None:
            return
        if expected.lower() != "100-continue":
            raise BadFormError(417, "Expect is not '100-continue'")
        await self._request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._request.writer.output_size = 0  # the answer itself has not begun

    async def read(self, take: Callable[[bytes], None]) -> None:
        """Read all of it, and pass each piece to ``take``.

        Raises:
            BadFormError: it is too long, too slow, or its framing is broken.
            LostError: the miner went away before the end.
        """
        if self._request.content.is_eof():  # all of it is here: no need to wait
            await self._read(take)
            return
        try:
            async with asyncio.timeout(self._limits.body_deadline(0)) as deadline:
                await self._read(take, deadline)
        except TimeoutError:
            reason = f"the body arrived too slowly: {self.received} bytes before the deadline"
            raise BadFormError(408, reason) from None

    async def _read(
        self, take: Callable[[bytes], None], deadline: asyncio.Timeout | None = None
    ) -> None:
        began, excused = asyncio.get_running_loop().time(), 0.0
        while piece := await self.piece():
            take(piece)
            if self.linger is not None:
                excused += await self.linger(len(piece))
            if deadline is not None:
                allowed = self._limits.body_deadline(self.received) + excused
                deadline.reschedule(began + allowed)

    async def piece(self) -> bytes:
        """What has arrived since the last call, or arrives next; empty at the end.

        Raises:
            BadFormError: it is too long, or its framing is broken.
            LostError: the miner went away before the end.
        """
        try:
            piece = await self._request.content.readany()
        except (web.RequestPayloadError, HttpProcessingError) as error:
            raise BadFormError(
                400, f"the body's framing is broken: {type(error).__name__}"
            ) from None
        except ConnectionError:
            raise LostError(
                f"the connection was lost after {self.received} bytes of the body"
            ) from None
        self.received += len(piece)
        if self.received > self._limits.body:
            raise BadFormError(413, f"the body has more than {self._limits.body} bytes")
        return piece
