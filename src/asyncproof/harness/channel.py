"""The socket between a runner and the supervisor of one process (``supervisor.py`` describes its
messages).

Its end-of-file is the order to end everything, so only the runner may keep our end open.
"""

import contextlib
import os
import signal
import socket
import struct
from collections.abc import Callable
from weakref import WeakSet

_CREDENTIALS = struct.Struct("3i")  # pid, uid and gid of a sender, see unix(7)


class Channel:
    """Our end. ``theirs`` is the supervisor's; close it here once the supervisor has it."""

    def __init__(self) -> None:
        self._socket, self.theirs = socket.socketpair()
        self._rest = b""
        if hasattr(socket, "SO_PASSCRED"):  # makes the kernel report the sender's pid as seen here
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        _open_channels.add(self)

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal through its supervisor; does nothing if that is gone."""
        with contextlib.suppress(OSError):
            self._socket.send(bytes([number]))

    def order_the_end(self) -> None:
        """End the whole tree; does nothing if it has ended."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def read(self, hear: Callable[[str, int], None]) -> bool:
        """Read the lines that have arrived, each with the pid of its sender (0 if the kernel does
        not report it); False at the end."""
        try:
            data, ancillary, _, _ = self._socket.recvmsg(65536, socket.CMSG_SPACE(12))
        except ConnectionResetError:
            return False
        sender = next((_CREDENTIALS.unpack(data)[0] for _, _, data in ancillary), 0)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            hear(line.decode(errors="replace"), sender)
        return bool(data)

    def close(self) -> None:
        self._socket.close()


_open_channels: "WeakSet[Channel]" = WeakSet()


def _close_channels() -> None:
    """A fork of the runner (multiprocessing) must not hold a channel open after the runner died."""
    for channel in list(_open_channels):
        channel.close()


os.register_at_fork(after_in_child=_close_channels)
