"""The listening socket: its address, and the error message if it is unavailable."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable

import psutil
from aiohttp import web

from asyncproof.harness.accepting import accept_no_more, stop_accepting

BACKLOG = 1024


class CallbackServerError(Exception):
    """The callback server cannot start; the message names the reason and the cure."""


class Listener:
    """A port with a server, which can refuse connections for a while and accept them again.

    ``drop_idle`` closes the connections that wait for another request.
    """

    def __init__(
        self,
        host: str,
        port: int,
        server: web.Server,
        drop_idle: Callable[[], None] = lambda: None,
        *,
        tls: ssl.SSLContext | None = None,
        handshake_seconds: float = 10.0,
    ) -> None:
        self.host = host
        self.port = port
        self._server = server
        self._drop_idle = drop_idle
        self._tls = tls
        self._handshake_seconds = handshake_seconds if tls is not None else None
        self.refusing = False
        self._placeholder: socket.socket | None = None
        self._serving: asyncio.Task[asyncio.Server] | None = None

    def open(self) -> None:
        """Listen. Connections wait in the backlog until the event loop handles them.

        Raises:
            CallbackServerError: the port is taken or the address is not one of this machine.
        """
        listening = listen(self.host, self.port)
        self.port = listening.getsockname()[1]
        serve = asyncio.get_running_loop().create_server(
            self._server,
            sock=listening,
            ssl=self._tls,
            ssl_handshake_timeout=self._handshake_seconds,
        )
        self._serving = asyncio.ensure_future(serve)

    async def ready(self) -> None:
        """Wait until connections are accepted."""
        if self._serving is not None:
            await self._serving

    def refuse(self, refused: Callable[[], None]) -> None:
        """Stop listening, but keep the port: the system refuses new connections.

        ``refused`` is called when this is done: at once, unless the port was only just opened.
        """
        self.refusing = True
        serving = self._serving
        assert serving is not None
        if serving.done():
            self._refuse(serving.result(), refused)
        else:
            serving.add_done_callback(lambda done: self._refuse(done.result(), refused))

    def _refuse(self, serving: asyncio.Server, refused: Callable[[], None]) -> None:
        if not self.refusing or self._placeholder is not None:
            return
        stop_accepting(serving.sockets)
        refused()
        soon = serving.get_loop().call_soon  # and two turns later, as it has to be
        soon(soon, self._hold_the_port, serving)

    def _hold_the_port(self, serving: asyncio.Server) -> None:
        if self._placeholder is not None or self._serving is None:
            return
        serving.close()
        self._drop_idle()
        self._placeholder = bound(self.host, self.port)
        if not self.refusing:
            self.accept()

    def accept(self) -> None:
        """Listen again."""
        self.refusing = False
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
            self.open()

    async def close(self) -> None:
        """Stop listening and end every connection."""
        serving = None if self._serving is None else await self._serving
        self._serving = None
        if serving is not None:
            await accept_no_more(serving.sockets)
            serving.close()
        if self._placeholder is not None:
            self._placeholder.close()
        await self._server.shutdown(1.0)
        if serving is not None:
            await serving.wait_closed()


def listen(host: str, port: int) -> socket.socket:
    """A listening, non-blocking TCP socket. Port 0 picks a free port.

    Raises:
        CallbackServerError: the port is taken or the address is not one of this machine.
    """
    held = bound(host, port)
    held.listen(BACKLOG)
    return held


def bound(host: str, port: int) -> socket.socket:
    """A socket that holds the port without listening, so that connections to it are refused."""
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CallbackServerError(
            f"Callback server unavailable: {host!r} is not an address of this machine ({error}); "
            "set ASYNC_CALLBACK_BIND_HOST (or --host) to one, or to 0.0.0.0"
        ) from error
    family, kind, protocol, _name, address = min(found, key=lambda f: f[0] != socket.AF_INET)
    held = socket.socket(family, kind, protocol)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setblocking(False)
        held.bind(address)
    except OSError as error:
        held.close()
        raise CallbackServerError(_explain(host, port, error)) from error
    return held


def _explain(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Callback server unavailable: port {port} on {host} is taken{_holder(port)}; "
            "stop that process, or choose another port, for example "
            f"ASYNC_CALLBACK_BASE_URL=http://127.0.0.1:{port % 60000 + 1000}"
        )
    if error.errno == errno.EACCES:
        return (
            f"Callback server unavailable: this user may not listen on port {port}; "
            "choose one above 1023 in ASYNC_CALLBACK_BASE_URL"
        )
    return (
        f"Callback server unavailable: cannot listen on {host}:{port} ({error.strerror}); "
        "ASYNC_CALLBACK_BIND_HOST (or --host) must be an address of this machine or 0.0.0.0"
    )


def _holder(port: int) -> str:
    """The process that listens on the port, if the system tells us."""
    try:
        pids = {
            c.pid
            for c in psutil.net_connections(kind="tcp")
            if c.laddr and c.laddr.port == port and c.status == psutil.CONN_LISTEN and c.pid
        }
        names = [f"{psutil.Process(pid).name()} (process {pid})" for pid in sorted(pids)]
    except (psutil.Error, OSError):
        return ""
    return f" by {', '.join(names)}" if names else ""
