"""The inference processes: starts, reads, replaces and ends them.

Each slot holds one process at a time. Every process has its own launch number, so that late reports
of a replaced process are never taken for its successor's.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from reference.miner.launch import Launch, enter
from reference.miner.messages import End, Report, Task

log = logging.getLogger(__name__)
GRACE = 1.0  # seconds between SIGTERM and SIGKILL for a process
MESSAGES_AT_ONCE = 64
OUTPUT_AT_ONCE = 65536
OUTPUT_KEPT = 4096
OUTPUT_PAUSE = 0.005  # seconds between two reads

Hear = Callable[[int, Report], None]
Lost = Callable[[int, int, int], None]


def warm_up() -> None:
    """Start the process that inference processes are forked from, as early as possible: it loads
    numpy while the miner loads its HTTP server."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["reference.miner.worker"])
    with _deaf_to_sigterm():
        forkserver.ensure_running()


@contextmanager
def _deaf_to_sigterm() -> Iterator[None]:
    """A fork server that is started in here does not end with SIGTERM, which is for the miner alone
    also where a whole process group gets it. Each inference process puts that back for itself."""
    resource_tracker.ensure_running()  # it would unblock SIGTERM as it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(eq=False, slots=True)
class Launched:
    """One process and our ends of its pipes."""

    slot: int
    number: int
    process: ForkServerProcess
    pipe: Connection
    output: Connection
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    last_words: bytes = b""


class Pool:
    """Processes in ``size`` slots, each started with ``order`` and a number of its own.

    ``hear`` receives every report with its slot, also those of replaced processes; ``lost`` gets
    slot, launch and exit code of each process that ended.
    """

    def __init__(self, size: int, order: Launch, hear: Hear, lost: Lost) -> None:
        self._order = order
        self._hear = hear
        self._lost = lost
        self._context = multiprocessing.get_context("forkserver")
        self._slots: list[Launched | None] = [None] * size
        self._alive: set[Launched] = set()
        self._launches = 0
        self._last_words: dict[int, bytes] = {}

    def launch(self, slot: int) -> int:
        """Start a process in this slot; returns its launch number."""
        self._launches += 1
        pipe, far_pipe = self._context.Pipe()
        output, far_output = self._context.Pipe(duplex=False)
        order = replace(self._order, number=self._launches)
        process = self._context.Process(target=enter, args=(order, far_pipe, far_output))
        with _deaf_to_sigterm():
            process.start()
        far_pipe.close()
        far_output.close()
        launched = Launched(slot, self._launches, process, pipe, output)
        self._slots[slot] = launched
        self._alive.add(launched)
        loop = asyncio.get_running_loop()
        loop.add_reader(pipe.fileno(), self._on_report, launched)
        self._listen_to_output(launched)
        loop.add_reader(process.sentinel, self._on_exit, launched)
        return self._launches

    def send(self, slot: int, task: Task) -> bool:
        """Give the process of this slot a task; False if it is already gone."""
        launched = self._slots[slot]
        try:
            if launched is None:
                return False
            launched.pipe.send(task)
        except OSError:
            return False
        return True

    def pid(self, slot: int) -> int | None:
        """The process in this slot, if there is one."""
        launched = self._slots[slot]
        return launched.process.pid if launched else None

    def last_words(self, slot: int) -> str:
        """The end of what the last process of this slot printed."""
        return self._last_words.get(slot, b"").decode(errors="replace").strip()

    async def end(self, slot: int) -> None:
        """End the process of this slot: SIGTERM, then SIGKILL. Returns when it is gone."""
        launched, self._slots[slot] = self._slots[slot], None
        if launched is None:
            return
        launched.process.terminate()
        try:
            await asyncio.wait_for(launched.gone.wait(), GRACE)
        except TimeoutError:
            launched.process.kill()
            await launched.gone.wait()

    async def stop(self) -> None:
        """Leave no process behind."""
        for launched in tuple(self._alive):
            try:
                launched.pipe.send(End())
            except OSError:
                continue
        await asyncio.gather(*(self.end(slot) for slot in range(len(self._slots))))
        for launched in tuple(self._alive):
            launched.process.kill()
            await launched.gone.wait()

    def _on_report(self, launched: Launched) -> None:
        """A limited number of reports, so that a talkative process does not delay the rest."""
        try:
            for _ in range(MESSAGES_AT_ONCE):
                if not launched.pipe.poll():
                    return
                self._hear(launched.slot, launched.pipe.recv())
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(launched.pipe.fileno())

    def _on_output(self, launched: Launched) -> None:
        """Keep the end of what the process prints. A flood is read only from time to time, so that
        the process waits and not the miner."""
        data = os.read(launched.output.fileno(), OUTPUT_AT_ONCE)
        launched.last_words = (launched.last_words + data)[-OUTPUT_KEPT:]
        loop = asyncio.get_running_loop()
        loop.remove_reader(launched.output.fileno())
        if data:
            loop.call_later(OUTPUT_PAUSE, self._listen_to_output, launched)

    def _listen_to_output(self, launched: Launched) -> None:
        if not launched.output.closed:
            loop = asyncio.get_running_loop()
            loop.add_reader(launched.output.fileno(), self._on_output, launched)

    def _on_exit(self, launched: Launched) -> None:
        """Read its last reports, then release it."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(launched.process.sentinel)
        self._drain(launched)
        for connection in (launched.pipe, launched.output):
            loop.remove_reader(connection.fileno())
            connection.close()
        launched.process.join()
        code = launched.process.exitcode or 0
        launched.process.close()
        self._alive.discard(launched)
        if self._slots[launched.slot] is launched:
            self._slots[launched.slot] = None
        self._last_words[launched.slot] = launched.last_words
        launched.gone.set()
        self._lost(launched.slot, launched.number, code)

    def _drain(self, launched: Launched) -> None:
        try:
            while launched.pipe.poll():
                self._hear(launched.slot, launched.pipe.recv())
        except (EOFError, OSError):
            return
