"""The listening socket: what becomes of connections that come in while it is closed or refuses."""

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from asyncproof.receiver.http.listener import Listener
from asyncproof.receiver.http.server import HttpServer
from asyncproof.receiver.limits import Limits

CLIENTS = 5
PATIENCE = 10.0  # seconds; far beyond what it takes to see that a connection was closed
End = Callable[[Listener], Awaitable[None]]


async def _never(_request: web.BaseRequest) -> web.StreamResponse:
    raise AssertionError("nothing was sent")


async def _close(listener: Listener) -> None:
    await listener.close()


async def _refuse(listener: Listener) -> None:
    refused = list[bool]()
    listener.refuse(lambda: refused.append(True))
    assert refused == [True]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", listener.port))


async def _ends(client: socket.socket) -> bool:
    """Whether the other side ends the connection."""
    try:
        heard = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 1), PATIENCE)
    except ConnectionResetError:
        return True
    return heard == b""


@pytest.mark.parametrize("end", [_close, _refuse])
@pytest.mark.parametrize("turns", range(5))
def test_connections_that_are_just_being_accepted_are_ended(turns: int, end: End) -> None:
    """None is left open that nobody reads, at whichever turn of the event loop the end comes."""

    async def tried() -> list[bool]:
        server = HttpServer(_never, Limits(), lambda _sender, _why: None)
        listener = Listener("127.0.0.1", 0, server, server.drop_idle)
        listener.open()
        await listener.ready()
        clients = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(CLIENTS)]
        for client in clients:
            client.setblocking(False)
        for _turn in range(turns):
            await asyncio.sleep(0)
        await end(listener)
        ended = await asyncio.gather(*map(_ends, clients))
        for client in clients:
            client.close()
        await listener.close()
        return list(ended)

    gc.disable()  # a lost connection is closed when it is collected
    try:
        assert all(asyncio.run(tried()))
    finally:
        gc.enable()
