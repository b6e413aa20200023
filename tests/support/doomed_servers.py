"""Callback servers that kill themselves with SIGKILL at a chosen point of their work.

``python -m tests.support.doomed_servers`` reads one JSON object a line (a :class:`Doom`), forks a
server, prints its port, and when that one is dead the signal that ended it. Forking from one
process saves the imports of each start.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from asyncproof.receiver.callback_server import CallbackServer
from tests import ROOT
from tests.support.receiver_support import SECRET

POINTS = (
    "before a picture is written",
    "half a picture written",
    "before the picture gets its name",
    "after the picture got its name",
    "before the journal line",
    "half a journal line written",
    "after the journal line",
)


@dataclass(frozen=True)
class Doom:
    """Where a server dies: at the ``count``-th time it comes to ``point``.

    ``forward``: the url of a consumer.
    """

    folder: str
    point: str
    count: int
    forward: str | None = None


class Nursery:
    """The process that forks the servers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, doom: Doom) -> int:
        """Start a doomed server, and return its port."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(doom)) + "\n")
        self._process.stdin.flush()
        return self._number()

    def ended_by(self) -> int:
        """Wait for the end of the server; the number of the signal that ended it."""
        return self._number()

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, "-m", "tests.support.doomed_servers"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()


def _doomed(doom: Doom) -> None:
    """Let the calls with which a server stores kill it."""
    left = doom.count

    def reached(point: str) -> bool:
        nonlocal left
        if doom.point != point:
            return False
        left -= 1
        return left == 0

    def die_if(point: str) -> None:
        if reached(point):
            os.kill(os.getpid(), signal.SIGKILL)

    os.write = _dying_write(os.write, reached, die_if)
    link = os.link

    def dying_link(*arguments: Any, **more: Any) -> None:
        die_if("before the picture gets its name")
        link(*arguments, **more)
        die_if("after the picture got its name")

    os.link = dying_link


def _dying_write(
    write: Callable[[int, Any], int],
    reached: Callable[[str], bool],
    die_if: Callable[[str], None],
) -> Callable[[int, Any], int]:
    def dying_write(descriptor: int, data: Any) -> int:
        picture = isinstance(data, memoryview)
        if not picture and b'"received_at":' not in bytes(data):
            return write(descriptor, data)
        die_if("before a picture is written" if picture else "before the journal line")
        if reached("half a picture written" if picture else "half a journal line written"):
            write(descriptor, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        written = write(descriptor, data)
        if not picture:
            die_if("after the journal line")
        return written

    return dying_write


def _serve(doom: Doom) -> None:
    async def run() -> None:
        server = CallbackServer(Path(doom.folder), secret=SECRET, forward=doom.forward)
        await server.start()
        _doomed(doom)
        print(server.port, flush=True)  # noqa: T201 - for the process that started this one
        await asyncio.Event().wait()

    asyncio.run(run())


def _main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _serve(Doom(**json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    _main()
