"""Ends a server of asyncio so that no connection is lost on the way in."""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol


class ListeningSocket(Protocol):
    """A socket, or what asyncio shows of one."""

    def fileno(self) -> int: ...
    def shutdown(self, how: int, /) -> None: ...


async def accept_no_more(listening: Iterable[ListeningSocket]) -> None:
    """Accept no further connections, and wait until those that were accepted are known.

    A server that is closed between accepting a connection and connecting its protocol loses that
    connection: it stays open, and nobody reads it (https://github.com/python/cpython/issues/109564).
    """
    stop_accepting(listening)
    for _turn in ("the transport is made", "its protocol is connected"):
        await asyncio.sleep(0)


def stop_accepting(listening: Iterable[ListeningSocket]) -> None:
    """Accept no further connections: Linux refuses them from now on, other systems when the server
    is closed. It may be closed after two turns of the loop, on which this is called."""
    loop = asyncio.get_running_loop()
    for each in listening:
        loop.remove_reader(each.fileno())
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
