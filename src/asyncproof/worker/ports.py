"""Ports on this machine, for hives and workers.

A worker gets its port before it listens on it, and a hive that goes down comes back on its own
port: so a free port must stay free for a while, although nothing listens on it.
"""

import atexit
import random
import socket
from itertools import chain

HOST = "127.0.0.1"
# Below the ephemeral ports of all systems (Linux from 32768, others from 49152): from that range, a
# reserved port could be taken at any time.
OURS = range(20_000, 32_768)
# A reservation is the UDP port of the same number, which other runs see and which is freed when
# this process ends.
_promises = list[socket.socket]()


@atexit.register
def _give_back() -> None:
    for promise in _promises:
        promise.close()


def free_port() -> int:
    """A free port that no other run gets while this process lives.

    Raises:
        OSError: there is none left.
    """
    start = random.randrange(len(OURS))
    for port in chain(OURS[start:], OURS[:start]):
        if (promise := _promise(port)) is not None:
            _promises.append(promise)
            return port
    raise OSError(f"no port from {OURS.start} to {OURS.stop - 1} is free")


def _promise(port: int) -> socket.socket | None:
    mark = socket.socket(type=socket.SOCK_DGRAM)
    try:
        mark.bind((HOST, port))
        listening(port).close()
    except OSError:
        mark.close()
        return None
    return mark


def listening(port: int) -> socket.socket:
    """A socket that listens on the port exclusively.

    Raises:
        OSError: the port is taken.
    """
    return socket.create_server((HOST, port))


def held(port: int) -> socket.socket:
    """A socket that holds the port without listening: connections are refused. It can listen later.

    Raises:
        OSError: the port is taken.
    """
    holder = socket.socket()
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((HOST, port))
    except OSError:
        holder.close()
        raise
    return holder
