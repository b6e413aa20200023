"""The HTTP server's connections: limited in number and time, and robust against non-HTTP data.

aiohttp uses one timeout for the first request and for later idle time; here, the first request has
a shorter one. When there are too many connections, the one that has been idle longest is closed
first; one with a callback in progress never is.
"""

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion10, web
from aiohttp.web_protocol import RequestHandler

from asyncproof.receiver.access import AllowedNetworks
from asyncproof.receiver.address_limits import AddressLimits, AddressRules
from asyncproof.receiver.limits import Limits

_log = logging.getLogger(__name__)
# After a block of this size was freed, glibc keeps twice as much at the end of its heap
# (mallopt(3), M_TRIM_THRESHOLD). Otherwise it returns the pages of each piece of an image to the
# system and gets them back, zeroed one by one, for the next.
_HELD_BY_THE_HEAP = 1024 * 1024
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
EVERYBODY = AllowedNetworks()
OnBadRequest = Callable[[str | None, str], None]


class Connection(RequestHandler):
    """One connection. Data that is not HTTP gets a plain 400 that does not quote it.

    ``gone`` is set when the connection is lost; ``quiet`` while no request is in progress.
    """

    __slots__ = ("gone", "on_bad_request", "patience", "peer", "quiet")

    gone: asyncio.Event
    on_bad_request: OnBadRequest
    patience: asyncio.TimerHandle | None
    quiet: bool
    peer: str | None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, ConnectionError) and self.is_lost:
            return Unsent()
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        return self.refuse(request, type(exc).__name__ if exc is not None else "unreadable")

    @property
    def is_lost(self) -> bool:
        """Whether the other side is gone, so that nothing more can be sent to it."""
        return self.transport is None or self.transport.is_closing()

    def refuse(self, request: web.BaseRequest, reason: str) -> web.StreamResponse:
        """Answer 400, and close the connection."""
        self.on_bad_request(request.remote, reason)
        answer = web.Response(status=400, text=f"not a readable request: {reason}")
        answer.force_close()
        return answer


class Unsent(web.Response):
    """What a handler returns that sends nothing: aiohttp drops a connection that breaks here."""

    async def prepare(self, request: web.BaseRequest) -> None:  # noqa: ARG002 - aiohttp's signature
        raise ConnectionAbortedError


class HttpServer(web.Server):
    """Creates the connections and limits their number."""

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        on_bad_request: OnBadRequest,
        allowed: AllowedNetworks = EVERYBODY,
        by_address: AddressLimits | None = None,
    ) -> None:
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
        self._allowed = allowed
        self._by_address = by_address or AddressLimits(AddressRules(), self._loop.time)
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
        connection.peer = None
        return connection

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        assert isinstance(handler, Connection)
        handler.peer = _peer(transport)
        welcome = not self._allowed.networks or self._allowed.admit(handler.peer)
        if not self._by_address.connected(handler.peer) or not welcome:
            transport.abort()
            return
        self._open[handler] = None
        handler.patience = self._loop.call_later(self._limits.header_seconds, self._drop, handler)
        if len(self._open) > self._most:
            self._make_room()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        assert isinstance(handler, Connection)
        self._open.pop(handler, None)
        handler.gone.set()
        self._by_address.disconnected(handler.peer)
        if handler.patience is not None:
            handler.patience.cancel()
        super().connection_lost(handler, exc)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, Connection)
        self._request_began(connection)
        try:
            if request.version < HttpVersion10:
                return connection.refuse(request, "HTTP before 1.0")
            return await self._handler(request)
        finally:
            self._request_ended(connection)

    @staticmethod
    def _request_began(connection: Connection) -> None:
        """A whole request head has arrived; from now on the request has its own deadlines."""
        connection.quiet = False
        if connection.patience is not None:
            connection.patience.cancel()
            connection.patience = None

    def _request_ended(self, connection: Connection) -> None:
        """The request is answered; its connection moves to the end of the idle ones."""
        connection.quiet = True
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def drop_idle(self) -> None:
        """Close the connections without a request in progress."""
        for connection in [c for c in self._open if c.quiet]:
            self._drop(connection)

    def _make_room(self) -> None:
        longest = next((c for c in self._open if c.quiet), None)
        self._drop(longest or next(reversed(self._open)))

    def _drop(self, connection: Connection) -> None:
        self._open.pop(connection, None)
        if connection.transport is not None:
            connection.transport.abort()


def _peer(transport: asyncio.Transport) -> str | None:
    name = transport.get_extra_info("peername")
    return str(name[0]) if name else None


def _affordable() -> int:
    """A connection may need a second descriptor for its image; some are reserved for other uses."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else max(8, (soft - 64) // 2)
