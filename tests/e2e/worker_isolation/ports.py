"""Ports on this machine, for hives and workers.

A worker is told its port before it takes it, and a hive that goes down comes back to its own: so a
free port has to stay free for a while, although nobody listens on it.
"""

import random
import socket
from itertools import chain

HOST = "127.0.0.1"
# Below all that systems hand out by themselves (Linux from 32768 on, others from 49152 on), to
# whoever asks for any port or merely connects: from there, a promised port could be gone at once.
OURS = range(20_000, 32_768)
# What was promised is marked, for other runs as well, by the UDP port of the same number, which
# goes with this process.
_promises = list[socket.socket]()


def free_port() -> int:
    """One that is free, and that nobody else is given while this process lives.

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
    """A socket that listens there; nobody else can.

    Raises:
        OSError: the port is taken.
    """
    return socket.create_server((HOST, port))


def held(port: int) -> socket.socket:
    """A socket that holds the port and does not listen: connections are refused. It can be told to
    listen later.

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
