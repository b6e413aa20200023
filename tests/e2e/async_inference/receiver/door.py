"""The HTTP server's connections: bounded in number and time, and calm about what is not HTTP.

aiohttp gives a connection the same time for its first request as for an idle pause later; here a
stranger has to come to the point sooner. When the house is full, who has said nothing for longest
goes first, and a callback that is under way never does.
"""

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion10, web
from aiohttp.web_protocol import RequestHandler

from tests.e2e.async_inference.receiver.limits import Limits

_log = logging.getLogger(__name__)
# Having freed a block of this size, glibc keeps twice as much at the end of its heap (mallopt(3),
# M_TRIM_THRESHOLD). Else it gives the pages of each piece of a picture back to the system, to take
# them again, zeroed one by one, for the next.
_HELD_BY_THE_HEAP = 1024 * 1024
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
OnBadRequest = Callable[[str | None, str], None]


class Connection(RequestHandler):
    """One connection. What is not HTTP gets a plain 400 that quotes nothing of it.

    ``gone`` is set when the connection is lost; ``quiet`` while no request is under way.
    """

    __slots__ = ("gone", "on_bad_request", "patience", "quiet")

    gone: asyncio.Event
    on_bad_request: OnBadRequest
    patience: asyncio.TimerHandle | None
    quiet: bool

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        return self.refuse(request, type(exc).__name__ if exc is not None else "unreadable")

    def refuse(self, request: web.BaseRequest, reason: str) -> web.StreamResponse:
        """Answer 400, and let the connection end."""
        self.on_bad_request(request.remote, reason)
        answer = web.Response(status=400, text=f"not a request that can be read: {reason}")
        answer.force_close()
        return answer


class Door(web.Server):
    """Makes the connections and keeps count of them."""

    def __init__(self, handler: Handler, limits: Limits, on_bad_request: OnBadRequest) -> None:
        super().__init__(
            self._handle,
            access_log=None,
            logger=_log,
            keepalive_timeout=limits.idle_seconds,
            lingering_time=0,
            max_field_size=16 * 1024,
            read_bufsize=160 * 1024,  # one read of asyncio's 256 KiB does not pause it
            auto_decompress=False,
        )
        self._handler = handler
        self._limits = limits
        self._most = min(limits.connections, _affordable())
        self._on_bad_request = on_bad_request
        bytes(_HELD_BY_THE_HEAP)
        self._open: dict[Connection, None] = {}

    def __call__(self) -> Connection:
        connection = Connection(self, loop=self._loop, **self._kwargs)
        connection.gone = asyncio.Event()
        connection.on_bad_request = self._on_bad_request
        connection.patience = None
        connection.quiet = True
        return connection

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        assert isinstance(handler, Connection)
        self._open[handler] = None
        handler.patience = self._loop.call_later(
            self._limits.header_seconds, self._show_out, handler
        )
        if len(self._open) > self._most:
            self._make_room()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        assert isinstance(handler, Connection)
        self._open.pop(handler, None)
        handler.gone.set()
        if handler.patience is not None:
            handler.patience.cancel()
        super().connection_lost(handler, exc)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, Connection)
        self._speaks(connection)
        try:
            if request.version < HttpVersion10:
                return connection.refuse(request, "HTTP before 1.0")
            return await self._handler(request)
        finally:
            self._falls_silent(connection)

    @staticmethod
    def _speaks(connection: Connection) -> None:
        """A whole request head has come in; from here on the request has its own deadlines."""
        connection.quiet = False
        if connection.patience is not None:
            connection.patience.cancel()
            connection.patience = None

    def _falls_silent(self, connection: Connection) -> None:
        """The request is answered; its connection is idle, the last of those that are."""
        connection.quiet = True
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def drop_idle(self) -> None:
        """Close the connections on which no request is under way."""
        for connection in [c for c in self._open if c.quiet]:
            self._show_out(connection)

    def _make_room(self) -> None:
        longest = next((c for c in self._open if c.quiet), None)
        self._show_out(longest or next(reversed(self._open)))

    def _show_out(self, connection: Connection) -> None:
        self._open.pop(connection, None)
        if connection.transport is not None:
            connection.transport.abort()


def _affordable() -> int:
    """A connection may need a second descriptor for its picture; some are for everything else."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else max(8, (soft - 64) // 2)
